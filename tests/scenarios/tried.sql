-- tried(statement) runs it as the current role, and tells 'done' or what PostgreSQL says against it.
CREATE FUNCTION public.tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
