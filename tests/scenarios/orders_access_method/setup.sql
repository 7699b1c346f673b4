-- The table gets another access method.
\ir ../orders.sql
