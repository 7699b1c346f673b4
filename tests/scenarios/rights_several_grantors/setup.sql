-- Rights on table and columns from several grantors, with and without the grant option, also in chains, to PUBLIC and back to roles twice.
SET ROLE scn_owner;
CREATE TABLE notes (id int PRIMARY KEY, body text, extra int);
INSERT INTO notes SELECT g, 'note ' || g, g FROM generate_series(1, 30) g;
GRANT SELECT, INSERT ON notes TO scn_clerk WITH GRANT OPTION;
GRANT UPDATE, TRIGGER ON notes TO scn_clerk;
GRANT SELECT ON notes TO scn_reader;
GRANT SELECT (id, body), UPDATE (body) ON notes TO scn_clerk WITH GRANT OPTION;
RESET ROLE;
SET ROLE scn_clerk;
GRANT SELECT ON notes TO scn_reader, scn_team WITH GRANT OPTION;
GRANT INSERT ON notes TO PUBLIC;
GRANT UPDATE (body) ON notes TO scn_reader;
RESET ROLE;
SET ROLE scn_team;
GRANT SELECT ON notes TO scn_stranger;
GRANT SELECT ON notes TO scn_reader;
RESET ROLE;
