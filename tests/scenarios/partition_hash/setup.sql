-- A partition by hash of two columns gets a CHECK and NOT NULL of its own.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE docs (id int, kind text, body text, PRIMARY KEY (id, kind)) PARTITION BY HASH (id, kind);
CREATE TABLE docs_0 PARTITION OF docs FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE docs_1 PARTITION OF docs FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE docs_2 PARTITION OF docs FOR VALUES WITH (MODULUS 6, REMAINDER 2);
CREATE TABLE docs_5 PARTITION OF docs FOR VALUES WITH (MODULUS 6, REMAINDER 5);
INSERT INTO docs SELECT g, 'k' || g % 4, 'body ' || g FROM generate_series(1, 200) g;
RESET ROLE;
