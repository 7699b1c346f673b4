/* pgmoult:misfits */
-- Which of the source's rows at the addresses in the setting pgmoult.trial_rows the trial table cannot take; the answer goes
-- into the setting pgmoult.misfits, as JSON. pgmoult.trial says how: {insert, keys, columns: [{name, read}], limit, seconds},
-- statements that take the addresses as $1. All rows at once first: only where that fails are they tried one by one. What
-- went in is taken out again by an error of our own, so that no subtransaction is left.
DO $pgmoult$
DECLARE
  trial jsonb := pg_catalog.current_setting('pgmoult.trial')::pg_catalog.jsonb;
  addresses tid[] := pg_catalog.current_setting('pgmoult.trial_rows')::pg_catalog.tid[];
  give_up_at timestamptz := pg_catalog.clock_timestamp() + (trial ->> 'seconds')::pg_catalog.float8 * interval '1 second';
  misfits jsonb := '[]';
  candidate record;
  expression jsonb;
  state text;
  column_named text;
  constraint_named text;
BEGIN
  PERFORM pg_catalog.set_config('pgmoult.misfits', '[]', true);
  BEGIN
    EXECUTE trial ->> 'insert' USING addresses;
    RAISE SQLSTATE 'PM001';
  EXCEPTION
    WHEN SQLSTATE 'PM001' THEN
      RETURN;
    WHEN data_exception OR integrity_constraint_violation OR raise_exception THEN
      NULL;
  END;
  FOR candidate IN EXECUTE trial ->> 'keys' USING addresses LOOP
    EXIT WHEN pg_catalog.jsonb_array_length(misfits) >= (trial ->> 'limit')::pg_catalog.int4
           OR pg_catalog.clock_timestamp() > give_up_at;
    BEGIN
      EXECUTE trial ->> 'insert' USING ARRAY[candidate.pgmoult_row];
      RAISE SQLSTATE 'PM001';
    EXCEPTION
      WHEN SQLSTATE 'PM001' THEN
        NULL;
      WHEN data_exception OR integrity_constraint_violation OR raise_exception THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, column_named = COLUMN_NAME, constraint_named = CONSTRAINT_NAME;
        -- A cast does not say whose value it was about.
        IF column_named = '' THEN
          FOR expression IN SELECT pg_catalog.jsonb_array_elements(trial -> 'columns') LOOP
            BEGIN
              EXECUTE expression ->> 'read' USING ARRAY[candidate.pgmoult_row];
            EXCEPTION WHEN data_exception OR integrity_constraint_violation OR raise_exception THEN
              column_named := expression ->> 'name';
              EXIT;
            END;
          END LOOP;
        END IF;
        misfits := misfits || pg_catalog.jsonb_build_object('key', candidate.pgmoult_key, 'column', column_named,
                                                            'constraint', constraint_named, 'state', state);
    END;
  END LOOP;
  PERFORM pg_catalog.set_config('pgmoult.misfits', misfits::pg_catalog.text, true);
END
$pgmoult$
