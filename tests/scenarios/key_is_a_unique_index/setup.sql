-- No primary key; of several unique indexes one can serve, and others are partial, on expressions, or allow NULL.
SET ROLE scn_owner;
CREATE TABLE loose (a int, b text NOT NULL, c uuid NOT NULL, d int);
INSERT INTO loose SELECT nullif(g % 50, 0), 'b' || g, md5(g::text)::uuid, g FROM generate_series(1, 49) g;
CREATE UNIQUE INDEX loose_a ON loose (a);
CREATE UNIQUE INDEX loose_part ON loose (d) WHERE d > 3;
CREATE UNIQUE INDEX loose_expr ON loose (lower(b));
CREATE UNIQUE INDEX loose_desc ON loose (c DESC);
ALTER TABLE loose REPLICA IDENTITY FULL;
RESET ROLE;
