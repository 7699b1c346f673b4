SELECT tried('SELECT * FROM empty');
SELECT tried('SELECT * FROM emptied');
SELECT relname, relispopulated FROM pg_class WHERE relkind = 'm' ORDER BY 1;
SELECT count(*) FROM full_one;
SET ROLE scn_owner;
REFRESH MATERIALIZED VIEW empty;
SELECT * FROM empty ORDER BY 1;
