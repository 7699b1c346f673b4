-- A serial column comes.
\ir ../orders.sql
