-- Event triggers of a superuser in the database, which look at what is done and let it pass.
SET ROLE scn_owner;
CREATE TABLE rooms (id int PRIMARY KEY, size int NOT NULL);
INSERT INTO rooms SELECT g, g * 5 FROM generate_series(1, 30) g;
CREATE VIEW big_rooms AS SELECT id FROM rooms WHERE id > 10;
RESET ROLE;
CREATE FUNCTION looks_at_commands() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
  FOR one IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
    IF one.object_identity = 'public.forbidden' THEN RAISE 'not this one'; END IF;
  END LOOP;
END $$;
CREATE FUNCTION looks_at_drops() RETURNS event_trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM object_identity FROM pg_event_trigger_dropped_objects(); END';
CREATE FUNCTION looks_at_rewrites() RETURNS event_trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_event_trigger_table_rewrite_oid(), pg_event_trigger_table_rewrite_reason(); END';
CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER commands ON ddl_command_end EXECUTE FUNCTION looks_at_commands();
CREATE EVENT TRIGGER drops ON sql_drop EXECUTE FUNCTION looks_at_drops();
CREATE EVENT TRIGGER rewrites ON table_rewrite EXECUTE FUNCTION looks_at_rewrites();
CREATE EVENT TRIGGER starts ON ddl_command_start WHEN TAG IN ('ALTER TABLE', 'CREATE INDEX') EXECUTE FUNCTION nothing();
