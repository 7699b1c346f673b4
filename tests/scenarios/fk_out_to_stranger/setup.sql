-- The table references one of a role of which its owner is no member: making the key again takes a lock on it that only its owner has.
CREATE SCHEMA strange AUTHORIZATION scn_stranger;
SET ROLE scn_stranger;
CREATE TABLE strange.towns (id int PRIMARY KEY);
INSERT INTO strange.towns SELECT g FROM generate_series(1, 20) g;
GRANT USAGE ON SCHEMA strange TO scn_owner;
GRANT REFERENCES, SELECT ON strange.towns TO scn_owner;
RESET ROLE;
SET ROLE scn_owner;
CREATE TABLE homes (id int PRIMARY KEY, town int CONSTRAINT in_town REFERENCES strange.towns ON DELETE CASCADE);
INSERT INTO homes SELECT g, 1 + g % 20 FROM generate_series(1, 60) g;
RESET ROLE;
