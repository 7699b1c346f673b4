-- A rebuild without change.
\ir ../orders.sql
