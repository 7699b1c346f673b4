SELECT count(*), min(v), max(v) FROM a_long_name_of_a_table_that_goes_on_and_on_until_b_view;
SELECT count(*), min(v), max(v) FROM a_long_name_of_a_table_that_goes_on_and_on_until_b_one;
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname COLLATE "C";
INSERT INTO a_long_name_of_a_table_that_goes_on_and_on_until_b_one (v) VALUES ('x') RETURNING id, w;
INSERT INTO a_long_name_of_a_table_that_goes_on_and_on_until_b_two (v) VALUES ('x') RETURNING id;
