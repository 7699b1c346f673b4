-- Constraints, NOT NULL and a default are added.
\ir ../orders.sql
