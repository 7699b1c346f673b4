-- Composite foreign keys out of the table that set only some of their columns: SET NULL (…), SET DEFAULT (…).
\ir ../tried.sql
SET ROLE scn_owner;
CREATE TABLE users (tenant int, id int, PRIMARY KEY (tenant, id));
INSERT INTO users SELECT t, g FROM generate_series(1, 3) t, generate_series(0, 20) g;
CREATE TABLE posts (
  id int PRIMARY KEY, tenant int NOT NULL, author int, editor int DEFAULT 0, body text,
  CONSTRAINT posts_author FOREIGN KEY (tenant, author) REFERENCES users ON DELETE SET NULL (author),
  CONSTRAINT posts_editor FOREIGN KEY (tenant, editor) REFERENCES users ON DELETE SET DEFAULT (editor) ON UPDATE CASCADE
);
INSERT INTO posts SELECT g, g % 3 + 1, g % 20 + 1, g % 7 + 1, 'post ' || g FROM generate_series(1, 60) g;
RESET ROLE;
