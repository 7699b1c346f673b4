\ir ../next_numbers.sql
