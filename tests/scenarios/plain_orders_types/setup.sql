-- Types change, and the table moves back to the default tablespace.
\ir ../plain_orders.sql
