-- Columns with foreign keys out of the table change their types: to a wider integer, another kind of text, a narrower integer.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE wide (id bigint PRIMARY KEY, code text UNIQUE, num numeric UNIQUE);
INSERT INTO wide SELECT g, 'w' || g, g FROM generate_series(1, 30) g;
CREATE TABLE refs (id int PRIMARY KEY, small int REFERENCES wide ON UPDATE CASCADE, big bigint REFERENCES wide (id) ON DELETE SET NULL,
  code varchar(5) REFERENCES wide (code) ON UPDATE CASCADE, num int REFERENCES wide (num) ON DELETE CASCADE);
INSERT INTO refs SELECT g, g % 30 + 1, g % 20 + 1, 'w' || g % 10 + 1, g % 30 + 1 FROM generate_series(1, 60) g;
COMMENT ON CONSTRAINT refs_small_fkey ON refs IS 'will be wide';
RESET ROLE;
