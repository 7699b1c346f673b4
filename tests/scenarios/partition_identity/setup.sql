-- The parent has an identity column, which its partitions share, and the sequence is the parent's.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE tickets (id int GENERATED ALWAYS AS IDENTITY (START WITH 100), day date NOT NULL, what text) PARTITION BY RANGE (day);
CREATE TABLE tickets_old PARTITION OF tickets (PRIMARY KEY (id)) FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE tickets_new PARTITION OF tickets DEFAULT;
INSERT INTO tickets (day, what) SELECT date '2023-06-01' + g * 5, 'what ' || g FROM generate_series(1, 80) g;
RESET ROLE;
