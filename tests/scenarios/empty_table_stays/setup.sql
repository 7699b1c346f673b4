-- A table without rows, which gets none.
SET ROLE scn_owner;
CREATE TABLE fresh (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL);
CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM fresh;
RESET ROLE;
