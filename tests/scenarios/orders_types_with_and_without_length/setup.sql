-- Types change their length, precision and collation.
\ir ../orders.sql
