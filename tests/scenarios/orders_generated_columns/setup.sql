-- A generated column becomes an ordinary one, another comes.
\ir ../orders.sql
