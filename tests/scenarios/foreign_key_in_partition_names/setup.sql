-- Partitions whose parts of a foreign key have other names than the whole, since they came by ATTACH; deferrable, with comments.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE meters (id int PRIMARY KEY, name text);
INSERT INTO meters SELECT g, 'meter ' || g FROM generate_series(1, 25) g;
CREATE TABLE readings (day date NOT NULL, meter int, value int) PARTITION BY RANGE (day);
CREATE TABLE "Readings 23" (value int, gone int, meter int, day date NOT NULL,
  CONSTRAINT "his own name" FOREIGN KEY (meter) REFERENCES meters ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT of_meter FOREIGN KEY (value) REFERENCES meters ON DELETE SET NULL);
ALTER TABLE "Readings 23" DROP COLUMN gone;
ALTER TABLE readings ATTACH PARTITION "Readings 23" FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE readings_else PARTITION OF readings DEFAULT;
INSERT INTO readings SELECT date '2023-06-01' + g * 3, g % 25 + 1, g % 9 + 1 FROM generate_series(1, 120) g;
ALTER TABLE readings ADD CONSTRAINT of_meter FOREIGN KEY (meter) REFERENCES meters ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE readings ADD CONSTRAINT again FOREIGN KEY (value) REFERENCES meters ON UPDATE CASCADE;
COMMENT ON CONSTRAINT "his own name" ON "Readings 23" IS 'his own comment';
COMMENT ON CONSTRAINT again ON readings_else IS 'part';
COMMENT ON CONSTRAINT again ON readings IS 'whole';
RESET ROLE;
