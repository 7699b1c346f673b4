-- The key gets a wider type under forced row security.
\ir ../secluded_orders.sql
