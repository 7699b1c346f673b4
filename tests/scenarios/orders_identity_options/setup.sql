-- An identity changes its options, another column becomes one.
\ir ../orders.sql
