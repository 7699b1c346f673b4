/* pgmoult:journal */
CREATE SCHEMA pgmoult;
REVOKE ALL ON SCHEMA pgmoult FROM PUBLIC;
COMMENT ON SCHEMA pgmoult IS 'pgmoult journal, form 5';

-- One row a change of a table.
CREATE TABLE pgmoult.migration (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  statement     text NOT NULL,               -- as the operator gave it
  source_oid    oid NOT NULL,
  source_schema name NOT NULL,
  source_name   name NOT NULL,
  owner         name NOT NULL,
  login         name NOT NULL DEFAULT session_user,
  stage         text NOT NULL DEFAULT 'prepare',
  state         text NOT NULL DEFAULT 'running',
  message       text NOT NULL DEFAULT '',    -- the last error, or why it waits
  options       jsonb NOT NULL,
  design        jsonb,                       -- what prepare decided; NULL until it committed
  undo          jsonb,                       -- while a revert is under way: the design of the swap that it undoes
  reverted      boolean NOT NULL DEFAULT false,  -- the old table is in place, the new one is kept
  swapped_at    timestamptz,                 -- the last swap
  copy_end      text[],                      -- the fixed end of the copy
  copy_end_set  boolean NOT NULL DEFAULT false,
  progress      jsonb NOT NULL DEFAULT '{}',
  engine        text NOT NULL DEFAULT '',    -- host and pid of the engine
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  heartbeat_at  timestamptz NOT NULL DEFAULT now()
);

-- Default privileges may have taken the owner's own rights away.
GRANT ALL ON pgmoult.migration TO CURRENT_USER;

-- One row a finished copy chunk, committed with the chunk's rows.
CREATE TABLE pgmoult.chunk (
  migration bigint NOT NULL REFERENCES pgmoult.migration ON DELETE CASCADE,
  number    bigint NOT NULL,
  lower_key text[],                          -- exclusive; NULL: from the start
  upper_key text[],                          -- inclusive
  rows      bigint NOT NULL,
  server_ms double precision NOT NULL,
  PRIMARY KEY (migration, number)
);

-- The manifest: one row a verified chunk.
CREATE TABLE pgmoult.verified (
  migration     bigint NOT NULL REFERENCES pgmoult.migration ON DELETE CASCADE,
  number        bigint NOT NULL,
  lower_key     text[],
  upper_key     text[],
  rows          bigint NOT NULL,
  source_digest text NOT NULL,
  shadow_digest text NOT NULL,
  pending       bigint NOT NULL,             -- keys that were in the change log
  PRIMARY KEY (migration, number)
);

-- What was decided, when and why.
CREATE TABLE pgmoult.event (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration bigint NOT NULL REFERENCES pgmoult.migration ON DELETE CASCADE,
  at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind      text NOT NULL,
  detail    jsonb NOT NULL DEFAULT '{}'
);

-- What operators asked of a running engine.
CREATE TABLE pgmoult.command (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration bigint NOT NULL REFERENCES pgmoult.migration ON DELETE CASCADE,
  verb      text NOT NULL,
  author    text NOT NULL,
  at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  taken_at  timestamptz
);

GRANT ALL ON ALL TABLES IN SCHEMA pgmoult TO CURRENT_USER;

-- The owner of a table that is changed inserts the rows that commit with its chunks: for its own migrations only. Not
-- SECURITY DEFINER: current_user must be who inserts.
CREATE FUNCTION pgmoult.check_writer() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $check$
BEGIN
  IF NOT EXISTS (SELECT FROM pgmoult.migration m WHERE m.id = NEW.migration AND m.owner = current_user) THEN
    RAISE insufficient_privilege USING MESSAGE = format('migration %s is not one of %s', NEW.migration, current_user);
  END IF;
  RETURN NEW;
END
$check$;
CREATE TRIGGER check_writer BEFORE INSERT ON pgmoult.chunk
  FOR EACH ROW EXECUTE FUNCTION pgmoult.check_writer();
CREATE TRIGGER check_writer BEFORE INSERT ON pgmoult.verified
  FOR EACH ROW EXECUTE FUNCTION pgmoult.check_writer();
