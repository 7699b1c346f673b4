-- A partition by range of dates: key, unique index, CHECK, default and triggers come from the parent; rows move in and out through it.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE log (what text);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
  'BEGIN INSERT INTO log VALUES (tg_op || '' '' || tg_table_name || '' '' || coalesce(NEW.id, OLD.id)); RETURN NULL; END';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := NEW.version + 1; RETURN NEW; END';
CREATE TABLE sales (id int, day date, amount int DEFAULT 7 CHECK (amount >= 0), note text, version int NOT NULL DEFAULT 0, PRIMARY KEY (day, id))
  PARTITION BY RANGE (day);
CREATE TABLE sales_23 PARTITION OF sales FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE sales_24 PARTITION OF sales FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
CREATE INDEX sales_amount ON sales (amount) WHERE note IS NULL;
CREATE UNIQUE INDEX sales_once ON sales (id, day) INCLUDE (note);
CREATE TRIGGER tells AFTER INSERT OR UPDATE OR DELETE ON sales FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER stamps BEFORE UPDATE OF amount ON sales FOR EACH ROW WHEN (OLD.amount <> NEW.amount) EXECUTE FUNCTION stamp();
INSERT INTO sales (id, day, note) SELECT g, date '2023-06-01' + g * 3, CASE WHEN g % 3 = 0 THEN 'n' || g END FROM generate_series(1, 150) g;
GRANT SELECT, INSERT, UPDATE, DELETE ON sales TO scn_clerk;
GRANT SELECT ON sales_23 TO scn_reader;
RESET ROLE;
