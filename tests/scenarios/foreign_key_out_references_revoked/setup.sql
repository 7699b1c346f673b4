-- The right to reference the other table was taken back after the foreign key was made: it could not be made again.
GRANT CREATE ON SCHEMA public TO scn_stranger;
SET ROLE scn_stranger;
CREATE TABLE countries (id int PRIMARY KEY, name text);
INSERT INTO countries SELECT g, 'country ' || g FROM generate_series(1, 20) g;
GRANT REFERENCES ON countries TO scn_owner;
RESET ROLE;
SET ROLE scn_owner;
CREATE TABLE people (id int PRIMARY KEY, country int CONSTRAINT lives_in REFERENCES countries);
INSERT INTO people SELECT g, g % 20 + 1 FROM generate_series(1, 100) g;
RESET ROLE;
SET ROLE scn_stranger;
REVOKE REFERENCES ON countries FROM scn_owner;
RESET ROLE;
