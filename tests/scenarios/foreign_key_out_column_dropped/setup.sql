-- A column with a foreign key out of the table is dropped, and the foreign key with it; the others stay.
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE teams (id int PRIMARY KEY, league int, UNIQUE (id, league));
INSERT INTO teams SELECT g, g % 3 FROM generate_series(1, 20) g;
CREATE TABLE games (id int PRIMARY KEY, home int REFERENCES teams, guest int REFERENCES teams ON DELETE CASCADE, league int, score text,
  CONSTRAINT games_in_league FOREIGN KEY (guest, league) REFERENCES teams (id, league));
INSERT INTO games SELECT g, g % 20 + 1, g % 19 + 1, (g % 19 + 1) % 3, g || ':0' FROM generate_series(1, 40) g;
RESET ROLE;
