-- Foreign keys from the table to itself: composite, deferred, to a UNIQUE constraint; and one that is NOT VALID.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE staff (firm int, nr int, name text, boss_firm int, boss_nr int, deputy text,
  PRIMARY KEY (firm, nr), CONSTRAINT names_differ UNIQUE (name),
  CONSTRAINT staff_boss FOREIGN KEY (boss_firm, boss_nr) REFERENCES staff MATCH FULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO staff SELECT f, n, 'name ' || f || '.' || n, f, n / 2 + 1, 'nobody' FROM generate_series(1, 3) f, generate_series(1, 20) n;
ALTER TABLE staff ADD CONSTRAINT staff_deputy FOREIGN KEY (deputy) REFERENCES staff (name) ON DELETE SET NULL NOT VALID;
RESET ROLE;
