SET ROLE scn_clerk;
INSERT INTO events SELECT g, 'kind ' || g % 5, '2024-02-01' FROM generate_series(201, 250) g;
UPDATE events SET kind = 'kind 9' WHERE id % 20 = 0;
DELETE FROM events WHERE id % 30 = 0;
