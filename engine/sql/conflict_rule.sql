/* pgmoult:misfits */
-- When two rows clash under the unique index or exclusion constraint of index $1: its parts as SQL over the table's columns, the
-- operators that hold between both rows then, the condition under which a row counts, and whether two NULLs clash.
SELECT array_agg(format('(%s)%s', pg_get_indexdef(x.indexrelid, part.pos, false),
                        CASE WHEN co.oid IS NOT NULL THEN format(' COLLATE %I.%I', cn.nspname, co.collname) END)
                 ORDER BY part.pos) AS parts,
       array_agg(format('OPERATOR(%I.%s)', opn.nspname, op.oprname) ORDER BY part.pos) AS operators,
       array_agg(pg_get_indexdef(x.indexrelid, part.pos, true) ORDER BY part.pos) AS shown,
       coalesce(pg_get_expr(x.indpred, x.indrelid), 'true') AS condition,
       coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::bool, false) AS nulls_clash
FROM pg_index x
CROSS JOIN LATERAL generate_series(1, x.indnkeyatts::int) AS part(pos)
JOIN pg_opclass oc ON oc.oid = x.indclass[part.pos - 1]
LEFT JOIN pg_collation co ON co.oid = x.indcollation[part.pos - 1]
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.conexclop IS NOT NULL
LEFT JOIN pg_amop am ON am.amopfamily = oc.opcfamily AND am.amoplefttype = oc.opcintype AND am.amoprighttype = oc.opcintype
                    AND am.amopstrategy = 3 AND k.oid IS NULL
JOIN pg_operator op ON op.oid = coalesce(k.conexclop[part.pos], am.amopopr)
JOIN pg_namespace opn ON opn.oid = op.oprnamespace
WHERE x.indexrelid = $1::oid
GROUP BY x.indexrelid, x.indrelid, x.indpred, x.*
