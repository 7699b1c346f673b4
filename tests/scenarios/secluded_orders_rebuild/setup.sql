-- A rebuild of a table under forced row security.
\ir ../secluded_orders.sql
