-- A row cannot take the new type: PostgreSQL fails after its rewrite, and it is refused before the copy, with the row's key.
SET ROLE scn_owner;
CREATE TABLE codes (id int PRIMARY KEY, code text);
INSERT INTO codes SELECT g, g::text FROM generate_series(1, 50) g;
UPDATE codes SET code = 'fifteen' WHERE id = 15;
CREATE VIEW shown AS SELECT id FROM codes;
RESET ROLE;
