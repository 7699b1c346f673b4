-- Another column becomes the primary key.
\ir ../orders.sql
