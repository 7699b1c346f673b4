-- The primary key moves to another column, while foreign keys reference a UNIQUE constraint that stays.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE articles (nr int CONSTRAINT old_key PRIMARY KEY, code text NOT NULL, ean bigint NOT NULL CONSTRAINT ean_once UNIQUE);
INSERT INTO articles SELECT g, 'c' || g, 4000 + g FROM generate_series(1, 30) g;
CREATE TABLE stock (id int PRIMARY KEY, ean bigint REFERENCES articles (ean) ON UPDATE CASCADE ON DELETE CASCADE);
INSERT INTO stock SELECT g, 4000 + g FROM generate_series(1, 30) g;
RESET ROLE;
