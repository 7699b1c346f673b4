-- The table moves to another tablespace.
\ir ../orders.sql
