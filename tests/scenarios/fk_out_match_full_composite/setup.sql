-- A composite foreign key MATCH FULL and one MATCH SIMPLE with the columns in another order than those of the key.
SET ROLE scn_owner;
CREATE TABLE places (land text, town text, zip int, PRIMARY KEY (land, town, zip));
INSERT INTO places SELECT 'land ' || g % 3, 'town ' || g % 7, g FROM generate_series(1, 50) g;
CREATE TABLE parcels (id int PRIMARY KEY, zip int, gone text, town text, land text,
  CONSTRAINT whole FOREIGN KEY (zip, land, town) REFERENCES places (zip, land, town) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL,
  to_land text, to_town text, to_zip int,
  CONSTRAINT simple FOREIGN KEY (to_town, to_zip, to_land) REFERENCES places (town, zip, land) ON UPDATE CASCADE);
ALTER TABLE parcels DROP COLUMN gone;
INSERT INTO parcels SELECT g, 1 + g % 50, 'town ' || (1 + g % 50) % 7, 'land ' || (1 + g % 50) % 3, NULL, 'nowhere', g
FROM generate_series(1, 150) g;
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
