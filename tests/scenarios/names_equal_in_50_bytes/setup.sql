-- Two tables whose names, and those of whose indexes and columns, are equal in their first 50 bytes.
SET ROLE scn_owner;
CREATE TABLE a_long_name_of_a_table_that_goes_on_and_on_until_b_one (id serial PRIMARY KEY, value_with_a_name_as_long_as_that_of_the_table_itself_one int, v text);
CREATE TABLE a_long_name_of_a_table_that_goes_on_and_on_until_b_two (id serial PRIMARY KEY, value_with_a_name_as_long_as_that_of_the_table_itself_one int, v text);
INSERT INTO a_long_name_of_a_table_that_goes_on_and_on_until_b_one (value_with_a_name_as_long_as_that_of_the_table_itself_one, v)
  SELECT g, 'one' FROM generate_series(1, 20) g;
INSERT INTO a_long_name_of_a_table_that_goes_on_and_on_until_b_two (value_with_a_name_as_long_as_that_of_the_table_itself_one, v)
  SELECT -g, 'two' FROM generate_series(1, 20) g;
CREATE INDEX ON a_long_name_of_a_table_that_goes_on_and_on_until_b_one (value_with_a_name_as_long_as_that_of_the_table_itself_one);
CREATE INDEX ON a_long_name_of_a_table_that_goes_on_and_on_until_b_two (value_with_a_name_as_long_as_that_of_the_table_itself_one);
CREATE INDEX ON a_long_name_of_a_table_that_goes_on_and_on_until_b_one (v);
CREATE INDEX ON a_long_name_of_a_table_that_goes_on_and_on_until_b_one (v, id);
CREATE VIEW a_long_name_of_a_table_that_goes_on_and_on_until_b_view AS
  SELECT a_long_name_of_a_table_that_goes_on_and_on_until_b_one.id, b.v
  FROM a_long_name_of_a_table_that_goes_on_and_on_until_b_one JOIN a_long_name_of_a_table_that_goes_on_and_on_until_b_two b USING (id);
RESET ROLE;
