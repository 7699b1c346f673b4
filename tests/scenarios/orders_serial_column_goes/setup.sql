-- A serial column goes, with its sequence.
\ir ../orders.sql
