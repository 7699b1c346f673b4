-- Foreign keys with evil names, of 63 bytes, the same in several tables, and one called like a schema of pgmoult's.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE "Order" (id int PRIMARY KEY, "select" int UNIQUE, "a""b" text UNIQUE);
INSERT INTO "Order" SELECT g, g * 2, 'x' || g FROM generate_series(1, 20) g;
CREATE TABLE "1st $$ (weird) ""table""" ("key" int CONSTRAINT same REFERENCES "Order" ON DELETE CASCADE,
  "b c" int CONSTRAINT " FOREIGN KEY (id) REFERENCES " REFERENCES "Order" ("select") ON UPDATE CASCADE ON DELETE CASCADE,
  "d''e" text CONSTRAINT "a constraint with a name that has exactly sixty-three bytes éé" REFERENCES "Order" ("a""b") ON UPDATE CASCADE ON DELETE CASCADE);
CREATE TABLE same (id int PRIMARY KEY, same int CONSTRAINT same REFERENCES "Order",
  other int CONSTRAINT "same NOT VALID" REFERENCES "Order" NOT DEFERRABLE);
CREATE TABLE moult_1 (id int PRIMARY KEY, of_it int CONSTRAINT pgmoult_1_new REFERENCES "Order");
ALTER TABLE "Order" ADD COLUMN up int CONSTRAINT same REFERENCES "Order", ADD COLUMN "left" int CONSTRAINT "Same" REFERENCES same ON DELETE SET NULL;
INSERT INTO "1st $$ (weird) ""table""" SELECT g, g * 2, 'x' || g FROM generate_series(1, 20) g;
INSERT INTO same SELECT g, g, g FROM generate_series(1, 5) g;
UPDATE "Order" SET "left" = id % 5 + 1 WHERE id > 10;
COMMENT ON CONSTRAINT " FOREIGN KEY (id) REFERENCES " ON "1st $$ (weird) ""table""" IS '%s NOT VALID';
COMMENT ON CONSTRAINT same ON "Order" IS 'same %I';
RESET ROLE;
