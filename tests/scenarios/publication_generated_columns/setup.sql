-- Publications that publish generated columns, by option or by name.
SET ROLE scn_owner;
CREATE TABLE sums (id int PRIMARY KEY, a int, b int, c int GENERATED ALWAYS AS (a + b) STORED);
INSERT INTO sums SELECT g, g, g * 2 FROM generate_series(1, 30) g;
CREATE PUBLICATION by_option FOR TABLE sums WITH (publish_generated_columns = stored);
CREATE PUBLICATION by_name FOR TABLE sums (id, c);
CREATE PUBLICATION not_at_all FOR TABLE sums;
RESET ROLE;
