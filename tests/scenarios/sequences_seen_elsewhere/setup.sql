-- A view, a function and another table's default use the sequence of a serial column, which stays the same one.
SET ROLE scn_owner;
CREATE TABLE tickets (id serial PRIMARY KEY, body text);
INSERT INTO tickets (body) SELECT 'ticket ' || g FROM generate_series(1, 20) g;
CREATE VIEW position AS SELECT last_value, is_called FROM tickets_id_seq;
CREATE TABLE drafts (id int PRIMARY KEY DEFAULT nextval('tickets_id_seq'), body text);
CREATE FUNCTION next_ticket() RETURNS bigint BEGIN ATOMIC SELECT nextval('tickets_id_seq'); END;
GRANT SELECT, USAGE ON SEQUENCE tickets_id_seq TO scn_reader;
COMMENT ON SEQUENCE tickets_id_seq IS 'of tickets and drafts';
RESET ROLE;
