\ir ../partition_facts.sql
SET ROLE scn_owner;
INSERT INTO people (land, name) VALUES ('at', 'last') RETURNING tableoid::regclass, id;
INSERT INTO people_de (name) VALUES ('last') RETURNING id;
SELECT tried('INSERT INTO people (land, name) VALUES (''fr'', ''x'')');
SELECT tried('INSERT INTO people_de (land, name) VALUES (''en'', ''x'')');
SELECT tried('INSERT INTO people_de (land) VALUES (''de'')');
SELECT tableoid::regclass, * FROM people ORDER BY id;
CREATE TABLE people_fr PARTITION OF people FOR VALUES IN ('fr');
SELECT tried('CREATE TABLE people_x PARTITION OF people FOR VALUES IN (''at'')');
