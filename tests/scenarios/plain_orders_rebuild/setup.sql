-- A rebuild of a table with a composite key, in a tablespace.
\ir ../plain_orders.sql
