-- Types change, with USING and without.
\ir ../orders.sql
