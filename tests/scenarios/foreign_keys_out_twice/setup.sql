-- Several foreign keys between the same two tables, two of them the same but for the name and the action.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE addresses (id int PRIMARY KEY, street text);
INSERT INTO addresses SELECT g, 'street ' || g FROM generate_series(1, 40) g;
CREATE TABLE parcels (id int PRIMARY KEY, source int, target int, billed int, weight real,
  CONSTRAINT z_source FOREIGN KEY (source) REFERENCES addresses,
  CONSTRAINT m_target FOREIGN KEY (target) REFERENCES addresses ON DELETE CASCADE,
  CONSTRAINT a_billed FOREIGN KEY (billed) REFERENCES addresses ON DELETE SET NULL,
  CONSTRAINT b_billed_again FOREIGN KEY (billed) REFERENCES addresses ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO parcels SELECT g, g % 10 + 1, g % 10 + 11, g % 10 + 21, g / 2.0 FROM generate_series(1, 50) g;
RESET ROLE;
