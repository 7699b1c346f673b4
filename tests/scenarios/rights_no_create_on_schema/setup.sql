-- The table's owner may use the schema but create nothing in it: PostgreSQL can change the table, pgmoult cannot put a new one there.
CREATE SCHEMA "Closed shop";
GRANT ALL ON SCHEMA "Closed shop" TO scn_owner;
SET ROLE scn_owner;
CREATE TABLE "Closed shop".goods (id int PRIMARY KEY, name text);
INSERT INTO "Closed shop".goods SELECT g, 'name ' || g FROM generate_series(1, 40) g;
RESET ROLE;
REVOKE CREATE ON SCHEMA "Closed shop" FROM scn_owner;
