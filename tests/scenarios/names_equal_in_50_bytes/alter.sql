ALTER TABLE a_long_name_of_a_table_that_goes_on_and_on_until_b_one ADD COLUMN w int DEFAULT 4, ALTER COLUMN v SET DEFAULT 'one more';
