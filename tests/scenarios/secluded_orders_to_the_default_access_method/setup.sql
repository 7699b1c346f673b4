-- The table gets the default access method, under forced row security.
\ir ../secluded_orders.sql
