-- A foreign key to a unique index that is no constraint, beside a partial one that does not count.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, nr int NOT NULL, name text);
CREATE UNIQUE INDEX a_part ON p (nr) WHERE nr > 10;
CREATE UNIQUE INDEX "z whole" ON p (nr DESC);
INSERT INTO p SELECT g, g * 2, 'p' FROM generate_series(1, 40) g;
CREATE TABLE c (id int PRIMARY KEY, nr int REFERENCES p (nr) ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO c SELECT g, g * 2 FROM generate_series(1, 40) g;
\ir ../tried_at_once.sql
RESET ROLE;
