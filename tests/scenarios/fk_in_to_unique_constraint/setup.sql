-- Foreign keys to unique constraints of the table, one of them with INCLUDE, one over two columns.
SET ROLE scn_owner;
CREATE TABLE p (id int PRIMARY KEY, code text CONSTRAINT "Code!" UNIQUE, a int, b int, info text, CONSTRAINT ab UNIQUE (a, b) INCLUDE (info));
INSERT INTO p SELECT g, 'c' || g, g, g % 3, 'i' FROM generate_series(1, 40) g;
INSERT INTO p (id) VALUES (100), (101);
CREATE TABLE c (id int PRIMARY KEY, code text REFERENCES p (code) ON UPDATE CASCADE, b int, a int,
  CONSTRAINT ba FOREIGN KEY (b, a) REFERENCES p (b, a) ON DELETE SET NULL);
INSERT INTO c SELECT g, 'c' || g, g % 3, g FROM generate_series(1, 40) g;
CREATE FUNCTION tried(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  EXECUTE what;
  GET DIAGNOSTICS n = ROW_COUNT;
  SET CONSTRAINTS ALL IMMEDIATE;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN 'done ' || n;
EXCEPTION WHEN OTHERS THEN RETURN sqlstate || ' ' || sqlerrm;
END $$;
RESET ROLE;
