-- Views that belong to another role, of which the table's owner is a member.
SET ROLE scn_owner;
CREATE TABLE items (id int PRIMARY KEY, label text, price int);
INSERT INTO items SELECT g, 'item ' || g, g * 3 FROM generate_series(1, 30) g;
GRANT SELECT, UPDATE ON items TO scn_team;
CREATE VIEW of_team AS SELECT id, label FROM items WHERE price > 10;
CREATE VIEW on_top AS SELECT count(*) AS many FROM of_team;
GRANT SELECT ON of_team TO scn_reader;
RESET ROLE;
GRANT CREATE ON SCHEMA public TO scn_team;
ALTER VIEW of_team OWNER TO scn_team;
SET ROLE scn_team;
GRANT SELECT ON of_team TO scn_owner;
GRANT UPDATE (label) ON of_team TO scn_clerk;
RESET ROLE;
