SET ROLE scn_owner;
INSERT INTO counters (at_end) VALUES (2) RETURNING *;
SELECT tried('INSERT INTO counters DEFAULT VALUES');
INSERT INTO counters (at_end) VALUES (3) RETURNING *;
