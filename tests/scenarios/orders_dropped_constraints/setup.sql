-- Constraints, NOT NULL, a default and the identity go.
\ir ../orders.sql
