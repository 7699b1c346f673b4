SET ROLE scn_clerk;
SELECT count(*) FROM as_invoker;
SELECT count(*) FROM as_owner;
RESET ROLE;
SET ROLE scn_reader;
SELECT tried('SELECT count(id) FROM as_invoker');
SELECT tried('SELECT body FROM off');
SELECT many FROM guarded;
