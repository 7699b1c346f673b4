SET ROLE scn_clerk;
INSERT INTO events VALUES (300, 'kind 1', '2024-02-01');
UPDATE events SET kind = 'kind 8' WHERE id < 4;
DELETE FROM events WHERE id = 5;
RESET ROLE;
SELECT * FROM counts ORDER BY kind;
SELECT count(*), max(at) AT TIME ZONE 'UTC' FROM events;
