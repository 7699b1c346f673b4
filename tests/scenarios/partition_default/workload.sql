SET ROLE scn_owner;
INSERT INTO events VALUES (500, '1999-01-01', 'old'), (501, '2024-05-05', 'now'), (502, 'infinity', 'later');
UPDATE events SET at = '2024-06-06' WHERE id BETWEEN 10 AND 14;
UPDATE events SET at = '2026-06-06' WHERE id BETWEEN 80 AND 84;
DELETE FROM events_else WHERE id = 20;
