-- Storage, compression, statistics targets and options change.
\ir ../orders.sql
