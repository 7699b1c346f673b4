-- The key gets a wider type.
\ir ../orders.sql
