-- A table with a single row, as tables of settings are, with a key that says so.
SET ROLE scn_owner;
CREATE TABLE settings (single boolean PRIMARY KEY DEFAULT true CHECK (single), version int NOT NULL, doc jsonb);
INSERT INTO settings VALUES (true, 3, '{"a": [1, 2, {"b": null}]}');
CREATE VIEW version AS SELECT version FROM settings;
RESET ROLE;
