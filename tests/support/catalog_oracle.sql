-- What the catalogs say about everything in the user's schemas of a database, as sorted lines "kind | object | definition", without
-- OIDs, file numbers and estimates: two databases made in different ways can be compared line by line. It overlaps with pg_dump on
-- purpose: it serves alone where there is no pg_dump for the server. System schemas and those of pgmoult are left out.
--
-- For psql -At or any client that takes several statements at once; the last one gives the lines. Columns that only some major
-- versions have are read through to_jsonb(row). Privileges are compared by effect: an absent ACL counts as the built-in default.
SET search_path = pg_catalog;

-- What static SQL cannot say: where sequences stand, and what only newer servers have. Kept in settings of the session.
DO $oracle$
DECLARE
  sequence record;
  place text;
  places text[] := '{}';
  memberships text[] := '{}';
BEGIN
  FOR sequence IN
    SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname NOT LIKE 'pgmoult%'
  LOOP
    EXECUTE 'SELECT concat(last_value, CASE WHEN is_called THEN '' called'' ELSE '' not called'' END) FROM ' || sequence.name
      INTO place;
    places := places || concat_ws(' | ', 'sequence stands', sequence.name, place);
  END LOOP;
  PERFORM set_config('catalog_oracle.sequences', array_to_string(places, E'\n'), false);
  IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE $sql$
      SELECT array_agg(line) FROM (
        SELECT concat_ws(' | ', 'publication filter', quote_ident(p.pubname) || ' of ' || m.prrelid::regclass,
                         pg_get_expr(m.prqual, m.prrelid)) AS line
        FROM pg_publication_rel m JOIN pg_publication p ON p.oid = m.prpubid WHERE m.prqual IS NOT NULL
        UNION ALL
        SELECT concat_ws(' | ', 'publication schema', quote_ident(p.pubname), m.pnnspid::regnamespace)
        FROM pg_publication_namespace m JOIN pg_publication p ON p.oid = m.pnpubid) lines
    $sql$ INTO memberships;
  END IF;
  PERFORM set_config('catalog_oracle.memberships', coalesce(array_to_string(memberships, E'\n'), ''), false);
END
$oracle$;

WITH schema AS (
  SELECT n.* FROM pg_namespace n
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^(pg_toast|pg_temp_|pgmoult)'
),
rel AS (
  SELECT c.*, c.oid::regclass::text AS name, c.relkind IN ('i', 'I') AS is_index
  FROM pg_class c JOIN schema n ON n.oid = c.relnamespace
),
acl_holder (what, name, acl) AS (
  SELECT 'schema', quote_ident(nspname), coalesce(nspacl, acldefault('n', nspowner)) FROM schema
  UNION ALL
  SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'relation' END, name,
         coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
  FROM rel WHERE NOT is_index AND relkind <> 'c'
  UNION ALL
  SELECT 'column', r.name || '.' || quote_ident(a.attname), a.attacl
  FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped AND a.attacl IS NOT NULL
  UNION ALL
  SELECT 'function', p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner))
  FROM pg_proc p JOIN schema n ON n.oid = p.pronamespace
  UNION ALL
  SELECT 'type', t.oid::regtype::text, coalesce(t.typacl, acldefault('T', t.typowner))
  FROM pg_type t JOIN schema n ON n.oid = t.typnamespace WHERE t.typcategory <> 'A'
  UNION ALL
  SELECT 'default privileges', concat_ws(' ', 'of', quote_ident(pg_get_userbyid(d.defaclrole)), 'in ' || quote_ident(n.nspname),
                                         'on', d.defaclobjtype), d.defaclacl
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
),
privilege_line AS (
  SELECT h.what || ' privilege' AS kind, h.name,
         concat(x.privilege_type, CASE WHEN x.is_grantable THEN ' with grant option' END, ' to ',
                CASE WHEN x.grantee = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                ' by ', quote_ident(pg_get_userbyid(x.grantor))) AS definition
  FROM acl_holder h, aclexplode(h.acl) x
),
relation_line AS (
  SELECT 'relation' AS kind, r.name,
         concat_ws('; ', 'kind ' || r.relkind::text, 'persistence ' || r.relpersistence::text,
           'owner ' || quote_ident(pg_get_userbyid(r.relowner)), 'access method ' || am.amname, 'tablespace ' || ts.spcname,
           'options ' || (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(r.reloptions) o),
           'toast options ' || (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(toast.reloptions) o),
           CASE WHEN r.relrowsecurity THEN 'row security' END, CASE WHEN r.relforcerowsecurity THEN 'forced row security' END,
           CASE WHEN r.relkind IN ('r', 'p', 'm') THEN 'replica identity ' || r.relreplident::text END,
           CASE WHEN r.relkind = 'm' AND NOT r.relispopulated THEN 'not populated' END,
           'of type ' || CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END,
           'partition by ' || pg_get_partkeydef(r.oid), 'partition ' || pg_get_expr(r.relpartbound, r.oid)) AS definition
  FROM rel r
  LEFT JOIN pg_am am ON am.oid = r.relam
  LEFT JOIN pg_tablespace ts ON ts.oid = r.reltablespace
  LEFT JOIN pg_class toast ON toast.oid = r.reltoastrelid
),
column_line AS (
  SELECT 'column' AS kind, r.name || '.' || quote_ident(a.attname) AS name,
         concat_ws('; ', 'number ' || row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
           format_type(a.atttypid, a.atttypmod), 'collate ' || nullif(a.attcollation, 0)::regcollation,
           CASE WHEN a.attnotnull THEN 'not null' END,
           CASE WHEN a.attgenerated <> '' THEN 'generated ' || a.attgenerated::text || ' as ' ELSE 'default ' END
             || pg_get_expr(ad.adbin, ad.adrelid),
           'identity ' || nullif(a.attidentity::text, ''), 'storage ' || a.attstorage::text,
           'compression ' || nullif(a.attcompression::text, ''), 'statistics ' || nullif(to_jsonb(a)->>'attstattarget', '-1'),
           'options ' || (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) o
                          WHERE o NOT LIKE 'pg\_attver=%'),
           'wrapper options ' || (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attfdwoptions) o),
           CASE WHEN NOT a.attislocal THEN 'not local' END, 'inherited ' || nullif(a.attinhcount, 0)) AS definition
  FROM rel r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
  WHERE NOT r.is_index AND r.relkind <> 'S'
),
index_line AS (
  SELECT 'index' AS kind, r.name,
         concat_ws('; ', 'on ' || x.indrelid::regclass, pg_get_indexdef(x.indexrelid),
           CASE WHEN x.indisprimary THEN 'primary' END, CASE WHEN x.indisexclusion THEN 'exclusion' END,
           CASE WHEN NOT x.indimmediate THEN 'not immediate' END, CASE WHEN NOT x.indisvalid THEN 'not valid' END,
           CASE WHEN NOT x.indisready THEN 'not ready' END, CASE WHEN NOT x.indislive THEN 'not live' END,
           CASE WHEN x.indisclustered THEN 'clustered on' END, CASE WHEN x.indisreplident THEN 'replica identity' END,
           'statistics ' || (SELECT string_agg(a.attnum || '=' || (to_jsonb(a)->>'attstattarget'), ',' ORDER BY a.attnum)
                             FROM pg_attribute a
                             WHERE a.attrelid = r.oid AND a.attnum > 0 AND to_jsonb(a)->>'attstattarget' <> '-1')) AS definition
  FROM rel r JOIN pg_index x ON x.indexrelid = r.oid
),
named_constraint AS (
  SELECT k.*, concat_ws(' ', quote_ident(k.conname), 'on', coalesce(r.name, t.oid::regtype::text)) AS name
  FROM pg_constraint k LEFT JOIN rel r ON r.oid = k.conrelid
  LEFT JOIN (pg_type t JOIN schema n ON n.oid = t.typnamespace) ON t.oid = k.contypid
  WHERE r.oid IS NOT NULL OR t.oid IS NOT NULL
),
constraint_line AS (
  -- Up to 17, VALIDATE of a foreign key to a partitioned table leaves its parts, one a partition, as they were; the whole is
  -- what counts. That a foreign key is not inherited says nothing, since none is.
  SELECT 'constraint' AS kind, k.name,
         concat_ws('; ', 'type ' || k.contype::text,
           CASE WHEN part THEN regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') ELSE pg_get_constraintdef(k.oid) END,
           CASE WHEN k.condeferrable THEN 'deferrable' END, CASE WHEN k.condeferred THEN 'deferred' END,
           CASE WHEN NOT k.convalidated AND NOT part THEN 'not valid' END,
           CASE WHEN k.connoinherit AND k.contype NOT IN ('f', 'p', 'u', 'x') THEN 'no inherit' END,
           CASE WHEN to_jsonb(k)->>'conenforced' = 'false' THEN 'not enforced' END,
           CASE WHEN NOT k.conislocal THEN 'not local' END, 'inherited ' || nullif(k.coninhcount, 0),
           'parent ' || parent.name, 'index ' || nullif(k.conindid, 0)::regclass) AS definition
  FROM named_constraint k LEFT JOIN named_constraint parent ON parent.oid = k.conparentid,
       LATERAL (SELECT coalesce(k.contype = 'f' AND parent.conrelid = k.conrelid, false) AS part) p
),
-- The names of internal triggers hold OIDs, so they are known by their constraint and function.
trigger_line AS (
  SELECT CASE WHEN g.tgisinternal THEN 'internal trigger' ELSE 'trigger' END AS kind,
         concat(CASE WHEN g.tgisinternal THEN concat_ws(' ', g.tgfoid::regproc, 'of', coalesce(k.name, 'no constraint'))
                     ELSE quote_ident(g.tgname) END, ' on ', r.name) AS name,
         concat_ws('; ', CASE WHEN NOT g.tgisinternal THEN pg_get_triggerdef(g.oid) END, 'enabled ' || g.tgenabled::text,
           'type ' || g.tgtype, CASE WHEN g.tgdeferrable THEN 'deferrable' END,
           CASE WHEN g.tginitdeferred THEN 'deferred' END, 'from ' || nullif(g.tgconstrrelid, 0)::regclass,
           CASE WHEN g.tgparentid <> 0 THEN 'of the parent''s' END) AS definition
  FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid LEFT JOIN named_constraint k ON k.oid = g.tgconstraint
),
sequence_line AS (
  SELECT 'sequence' AS kind, r.name,
         concat_ws('; ', format_type(q.seqtypid, NULL), 'start ' || q.seqstart, 'increment ' || q.seqincrement,
           'min ' || q.seqmin, 'max ' || q.seqmax, 'cache ' || q.seqcache, CASE WHEN q.seqcycle THEN 'cycle' END,
           (SELECT string_agg(concat(CASE d.deptype WHEN 'i' THEN 'identity of ' ELSE 'owned by ' END, d.refobjid::regclass,
                                     '.', quote_ident(a.attname)), '; ' ORDER BY a.attname COLLATE "C")
            FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
              AND d.deptype IN ('a', 'i'))) AS definition
  FROM rel r JOIN pg_sequence q ON q.seqrelid = r.oid
),
type_line AS (
  SELECT 'type' AS kind, concat(quote_ident(n.nspname), '.', quote_ident(t.typname)) AS name,
         concat_ws('; ', 'type ' || t.typtype::text, 'owner ' || quote_ident(pg_get_userbyid(t.typowner)),
           'of ' || nullif(t.typbasetype, 0)::regtype, 'elements ' || nullif(t.typelem, 0)::regtype, 'of relation ' || r.name,
           'labels ' || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                         FROM pg_enum e WHERE e.enumtypid = t.oid),
           CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault) AS definition
  FROM pg_type t JOIN schema n ON n.oid = t.typnamespace LEFT JOIN rel r ON r.oid = t.typrelid
  WHERE t.typrelid = 0 OR r.oid IS NOT NULL
),
function_line AS (
  SELECT 'function' AS kind, p.oid::regprocedure::text AS name,
         concat_ws('; ', 'owner ' || quote_ident(pg_get_userbyid(p.proowner)), 'kind ' || p.prokind::text,
           'returns ' || pg_get_function_result(p.oid),
           CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END) AS definition
  FROM pg_proc p JOIN schema n ON n.oid = p.pronamespace
),
publication_line AS (
  SELECT 'publication' AS kind, quote_ident(p.pubname) AS name,
         concat('owner ', quote_ident(pg_get_userbyid(p.pubowner)), '; ', to_jsonb(p) - '{oid,pubname,pubowner}'::text[])
           AS definition
  FROM pg_publication p
  UNION ALL
  SELECT 'publication table', quote_ident(p.pubname) || ' of ' || m.prrelid::regclass,
         coalesce('columns ' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
                                 FROM jsonb_array_elements_text(nullif(to_jsonb(m)->'prattrs', 'null')) number(text)
                                 JOIN pg_attribute a ON a.attrelid = m.prrelid AND a.attnum = number.text::int2), 'all columns')
  FROM pg_publication_rel m JOIN pg_publication p ON p.oid = m.prpubid
  UNION ALL
  SELECT 'subscription table', quote_ident(s.subname) || ' of ' || m.srrelid::regclass, 'member'
  FROM pg_subscription_rel m JOIN pg_subscription s ON s.oid = m.srsubid
),
-- Comments, labels and extensions' members, by the names that PostgreSQL itself gives to objects of every kind.
named_line AS (
  SELECT 'comment' AS kind, concat_ws(' ', i.type, i.identity) AS name, quote_literal(d.description) AS definition
  FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
  WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass) AND i.identity NOT LIKE 'pgmoult%'
    AND coalesce(i.schema, '') NOT LIKE 'pgmoult%'
  UNION ALL
  SELECT 'security label', concat_ws(' ', i.type, i.identity), concat_ws(' ', l.provider, quote_literal(l.label))
  FROM pg_seclabel l, pg_identify_object(l.classoid, l.objoid, l.objsubid) i
  UNION ALL
  SELECT 'extension', concat_ws(' ', i.type, i.identity),
         concat_ws(' ', CASE d.deptype WHEN 'x' THEN 'depends on' ELSE 'member of' END, quote_ident(e.extname))
  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid,
       pg_identify_object(d.classid, d.objid, d.objsubid) i
  WHERE d.deptype IN ('e', 'x') AND d.objid >= 16384
),
other_line (kind, name, definition) AS (
  SELECT 'schema', quote_ident(nspname), 'owner ' || quote_ident(pg_get_userbyid(nspowner)) FROM schema
  UNION ALL
  SELECT 'view', r.name, pg_get_viewdef(r.oid) FROM rel r WHERE r.relkind IN ('v', 'm')
  UNION ALL
  SELECT 'rule', quote_ident(w.rulename) || ' on ' || r.name,
         concat('enabled ', w.ev_enabled, '; ', pg_get_ruledef(w.oid))
  FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid
  UNION ALL
  SELECT 'policy', quote_ident(p.polname) || ' on ' || r.name,
         concat_ws('; ', 'command ' || p.polcmd::text, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
           'to ' || (SELECT string_agg(CASE WHEN o = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(o)) END, ', '
                                       ORDER BY pg_get_userbyid(o)) FROM unnest(p.polroles) o),
           'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
  FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
  UNION ALL
  SELECT 'statistics', concat(quote_ident(n.nspname), '.', quote_ident(s.stxname)),
         concat_ws('; ', 'owner ' || quote_ident(pg_get_userbyid(s.stxowner)), pg_get_statisticsobjdef(s.oid),
           'target ' || nullif(to_jsonb(s)->>'stxstattarget', '-1'))
  FROM pg_statistic_ext s JOIN schema n ON n.oid = s.stxnamespace
  UNION ALL
  SELECT 'inheritance', i.inhrelid::regclass || ' from ' || i.inhparent::regclass,
         concat('place ', i.inhseqno, CASE WHEN i.inhdetachpending THEN '; detach pending' END)
  FROM pg_inherits i JOIN rel r ON r.oid = i.inhrelid
  UNION ALL
  SELECT 'event trigger', quote_ident(e.evtname),
         concat_ws('; ', e.evtevent, 'owner ' || quote_ident(pg_get_userbyid(e.evtowner)), e.evtfoid::regprocedure,
           'enabled ' || e.evtenabled::text,
           'tags ' || (SELECT string_agg(tag, ', ' ORDER BY tag COLLATE "C") FROM unnest(e.evttags) tag))
  FROM pg_event_trigger e
),
all_lines AS (
  SELECT concat_ws(' | ', kind, name, definition) AS line FROM (
    SELECT * FROM privilege_line UNION ALL SELECT * FROM relation_line UNION ALL SELECT * FROM column_line
    UNION ALL SELECT * FROM index_line UNION ALL SELECT * FROM constraint_line UNION ALL SELECT * FROM trigger_line
    UNION ALL SELECT * FROM sequence_line UNION ALL SELECT * FROM type_line UNION ALL SELECT * FROM function_line
    UNION ALL SELECT * FROM publication_line UNION ALL SELECT * FROM named_line UNION ALL SELECT * FROM other_line) parts
  UNION ALL
  SELECT regexp_split_to_table(text, E'\n')
  FROM (VALUES (current_setting('catalog_oracle.sequences')), (current_setting('catalog_oracle.memberships'))) kept(text)
  WHERE text <> ''
)
-- A varchar IN-list is printed as (ARRAY['a'::character varying, …])::text[] when first entered, and with the casts inside after
-- it went through text once, as it does in a dump. Both are brought to one form.
SELECT line FROM (
  SELECT replace(regexp_replace(
           regexp_replace(line, '\((' || literal || ')\)::text|(' || literal || ')::text', '\1\2', 'g'),
           '\((' || list || ')\)::text\[\]|(' || list || ')::text\[\]', '\1\2', 'g'), E'\n', '\n') AS line
  FROM all_lines,
       (SELECT 'E?''(?:[^'']|'''')*''::character varying(?:\(\d+\))?' AS literal) l,
       LATERAL (SELECT 'ARRAY\[(?:' || literal || '(?:, )?)+\]' AS list) m) final
ORDER BY line COLLATE "C";
