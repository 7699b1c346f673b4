\ir ../partition_facts.sql
SET ROLE scn_owner;
SELECT tried('INSERT INTO days SELECT day, nr FROM days_old WHERE nr = 5');
SELECT tried('DROP INDEX "His Own"');
DROP INDEX whole;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'days_old'::regclass ORDER BY indexrelid::regclass::text;
