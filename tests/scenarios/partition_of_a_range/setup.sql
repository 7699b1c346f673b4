-- A partition among others and a default one: indexes and CHECKs of the whole and of its own, inherited and own triggers, grants, a view and keys on it alone.
SET ROLE scn_owner;
CREATE TABLE areas (id int PRIMARY KEY);
INSERT INTO areas SELECT g FROM generate_series(1, 9) g;
CREATE TABLE "Days" (day date NOT NULL, nr int NOT NULL, v text COLLATE "C" DEFAULT 'none', area int DEFAULT 3,
                     CONSTRAINT nr_positive CHECK (nr > 0), PRIMARY KEY (day, nr)) PARTITION BY RANGE (day);
CREATE TABLE days_23 PARTITION OF "Days" (v DEFAULT 'of 23', CONSTRAINT v_short CHECK (length(v) < 50))
  FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE days_24 PARTITION OF "Days" FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
CREATE TABLE days_rest PARTITION OF "Days" DEFAULT;
CREATE INDEX by_v ON "Days" (lower(v), nr DESC) WHERE nr > 5;
CREATE INDEX own_by_nr ON days_23 USING brin (nr);
CREATE UNIQUE INDEX own_once ON days_23 (nr);
ALTER TABLE days_23 ADD CONSTRAINT to_area FOREIGN KEY (area) REFERENCES areas ON DELETE SET NULL;
CREATE TABLE notes (nr int CONSTRAINT notes_nr REFERENCES days_23 (nr) ON UPDATE CASCADE);
CREATE STATISTICS days_stat ON nr, v FROM days_23;
CREATE FUNCTION marks() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := NEW.v || ''+''; RETURN NEW; END';
CREATE TRIGGER of_all BEFORE INSERT ON "Days" FOR EACH ROW EXECUTE FUNCTION marks();
CREATE TRIGGER of_all_too BEFORE UPDATE ON "Days" FOR EACH ROW EXECUTE FUNCTION marks();
CREATE TRIGGER of_one BEFORE INSERT ON days_23 FOR EACH ROW WHEN (NEW.nr > 100) EXECUTE FUNCTION marks();
INSERT INTO "Days" SELECT date '2023-01-01' + g, g FROM generate_series(1, 300) g;
INSERT INTO "Days" SELECT date '2022-12-30' - g, g FROM generate_series(1, 30) g;
INSERT INTO notes VALUES (5), (6);
ALTER TABLE days_23 DISABLE TRIGGER of_all_too;
COMMENT ON TRIGGER of_all ON days_23 IS 'here, too';
COMMENT ON TABLE days_23 IS 'of 2023';
CREATE VIEW last_year AS SELECT * FROM days_23 WHERE nr > 10;
GRANT SELECT ON days_23 TO scn_reader;
GRANT SELECT ON "Days" TO scn_clerk;
RESET ROLE;
