-- A partition that has much of its own besides what it inherits: indexes, constraints, triggers, policies, statistics, defaults, rights.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE FUNCTION twice() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.extra := NEW.extra * 2; RETURN NEW; END';
CREATE TABLE orders (id int NOT NULL, day date NOT NULL, extra int DEFAULT 1, body text, CONSTRAINT positive CHECK (id > 0)) PARTITION BY RANGE (day);
CREATE INDEX orders_id ON orders (id);
CREATE TABLE orders_24 PARTITION OF orders (extra DEFAULT 2, CONSTRAINT orders_24_key PRIMARY KEY (id), CONSTRAINT own_check CHECK (extra < 10000))
  FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') WITH (fillfactor = 60, toast.autovacuum_enabled = off);
CREATE TABLE orders_else PARTITION OF orders DEFAULT;
CREATE INDEX own_expression ON orders_24 (lower(body)) WHERE extra > 2;
CREATE UNIQUE INDEX own_unique ON orders_24 (body, id);
ALTER TABLE orders_24 ADD CONSTRAINT own_days_apart EXCLUDE USING gist (daterange(day, day, '[]') WITH &&) DEFERRABLE;
ALTER TABLE orders_24 ALTER COLUMN body SET STORAGE MAIN, ALTER COLUMN body SET STATISTICS 77, ALTER COLUMN id SET (n_distinct = -1);
CREATE STATISTICS own_statistics ON id, extra FROM orders_24;
CREATE TRIGGER own_trigger BEFORE INSERT ON orders_24 FOR EACH ROW EXECUTE FUNCTION twice();
CREATE TRIGGER of_all BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION twice();
CREATE TRIGGER of_all_off AFTER DELETE ON orders FOR EACH ROW EXECUTE FUNCTION twice();
ALTER TABLE orders_24 DISABLE TRIGGER of_all_off;
CREATE POLICY own_policy ON orders_24 TO scn_reader USING (id < 20);
ALTER TABLE orders_24 ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders_24 REPLICA IDENTITY USING INDEX orders_24_key;
ALTER TABLE orders_24 CLUSTER ON orders_24_id_idx;
INSERT INTO orders SELECT g, date '2023-12-01' + g, g, 'body ' || g FROM generate_series(1, 120) g;
GRANT SELECT ON orders_24 TO scn_reader;
GRANT SELECT (id) ON orders_24 TO scn_clerk;
GRANT SELECT, INSERT ON orders TO scn_clerk;
COMMENT ON COLUMN orders_24.body IS 'of this one';
COMMENT ON INDEX orders_24_id_idx IS 'its part of an index';
COMMENT ON CONSTRAINT positive ON orders_24 IS 'inherited';
COMMENT ON TRIGGER of_all ON orders_24 IS 'its part of a trigger';
RESET ROLE;
