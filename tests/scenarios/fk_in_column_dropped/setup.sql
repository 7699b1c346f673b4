-- The ALTER drops a column that a foreign key of another table refers to: PostgreSQL refuses, and so it is refused.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, code int UNIQUE);
INSERT INTO p SELECT g, g FROM generate_series(1, 20) g;
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p, code int CONSTRAINT by_code REFERENCES p (code));
INSERT INTO c SELECT g, g, g FROM generate_series(1, 20) g;
RESET ROLE;
