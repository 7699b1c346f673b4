INSERT INTO t (v) VALUES ('later') RETURNING id, v;
SET ROLE scn_reader;
SELECT count(*), count(v), max(id) FROM t;
