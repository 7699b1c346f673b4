-- Columns come, go and change their names.
\ir ../orders.sql
