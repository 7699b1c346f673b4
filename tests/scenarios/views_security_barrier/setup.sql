-- Views with security_barrier, and a leaking function that must see only the rows that the view lets through.
SET ROLE scn_owner;
CREATE TABLE salary (id int PRIMARY KEY, who name NOT NULL, amount int NOT NULL);
INSERT INTO salary SELECT g, CASE g % 2 WHEN 0 THEN 'scn_reader' ELSE 'scn_clerk' END, g * 100 FROM generate_series(1, 20) g;
CREATE VIEW mine WITH (security_barrier) AS SELECT id, who, amount FROM salary WHERE who = current_user;
CREATE VIEW mine_too WITH (security_barrier = false) AS SELECT * FROM mine WHERE amount > 300;
CREATE VIEW mine_checked WITH (security_barrier, check_option = cascaded) AS SELECT * FROM salary WHERE amount < 5000;
GRANT SELECT ON mine, mine_too TO scn_reader, scn_clerk;
CREATE TABLE leaked (id int);
GRANT INSERT ON leaked TO scn_reader;
CREATE FUNCTION leak(id int) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS
  'BEGIN INSERT INTO leaked VALUES (id); RETURN true; END';
RESET ROLE;
