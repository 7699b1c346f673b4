-- A foreign key of a generated column, and one to a table with row security that hides all rows from everybody.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE months (month int PRIMARY KEY);
INSERT INTO months SELECT y * 100 + m FROM generate_series(2023, 2024) y, generate_series(1, 12) m;
CREATE TABLE secrets (id int PRIMARY KEY);
INSERT INTO secrets SELECT generate_series(1, 5);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE TABLE sales (id int PRIMARY KEY, year int NOT NULL, mon int NOT NULL, month int GENERATED ALWAYS AS (year * 100 + mon) STORED
  CONSTRAINT sales_month REFERENCES months ON DELETE CASCADE, secret int REFERENCES secrets ON UPDATE CASCADE, amount int);
INSERT INTO sales (id, year, mon, secret, amount) SELECT g, 2023 + g % 2, g % 12 + 1, g % 5 + 1, g FROM generate_series(1, 60) g;
GRANT SELECT, INSERT, UPDATE ON sales TO scn_clerk;
RESET ROLE;
