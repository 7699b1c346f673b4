-- A table without rows; its first rows come during the run.
SET ROLE scn_owner;
CREATE TABLE fresh (id bigserial PRIMARY KEY, body text NOT NULL, kind int DEFAULT 1);
CREATE VIEW shown AS SELECT body FROM fresh;
CREATE INDEX fresh_body ON fresh (body);
RESET ROLE;
