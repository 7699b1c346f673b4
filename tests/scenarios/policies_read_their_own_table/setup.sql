-- Policies whose subqueries read the table that they protect, by itself and through a view.
SET ROLE scn_owner;
CREATE TABLE staff (id int PRIMARY KEY, who name, boss int, salary int);
INSERT INTO staff SELECT g, CASE g WHEN 3 THEN 'scn_clerk' ELSE 'user ' || g END, nullif(g / 3, 0), g * 100
FROM generate_series(1, 30) g;
CREATE VIEW bosses AS SELECT DISTINCT b.id, b.who FROM staff s JOIN staff b ON s.boss = b.id;
CREATE POLICY through_view ON staff FOR SELECT TO scn_clerk
  USING (boss IN (SELECT b.id FROM bosses b WHERE b.who = current_user));
CREATE POLICY itself ON staff FOR SELECT TO scn_reader USING ((SELECT max(s.salary) FROM staff s WHERE s.boss = staff.boss) > 500);
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON staff, bosses TO scn_clerk, scn_reader;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS
  'BEGIN EXECUTE what; RETURN ''done''; EXCEPTION WHEN OTHERS THEN RETURN sqlstate || '' '' || sqlerrm; END';
RESET ROLE;
