-- Defaults of many kinds, among them one that has to be dropped and set again around a change of type.
SET ROLE scn_owner;
CREATE SEQUENCE codes;
CREATE FUNCTION code() RETURNS text LANGUAGE sql AS 'SELECT ''code '' || nextval(''codes'')';
CREATE TABLE flags (id int PRIMARY KEY, state text DEFAULT 'on', who name DEFAULT current_user, code text DEFAULT code(), list int[] DEFAULT ARRAY[1, 2],
  doc jsonb DEFAULT '{"a": [1]}', late timestamp DEFAULT '2024-01-01 12:00', span interval DEFAULT interval '1 day' * 2, big numeric DEFAULT 1e20, small int DEFAULT -1,
  nothing text DEFAULT NULL, cased text DEFAULT CASE WHEN 1 = 1 THEN upper('x') END, typed varchar(9) DEFAULT 'cut'::varchar(2), pos text DEFAULT position('a' in 'ba')::text);
INSERT INTO flags (id, state) SELECT g, CASE g % 2 WHEN 0 THEN 'on' ELSE 'off' END FROM generate_series(1, 30) g;
RESET ROLE;
