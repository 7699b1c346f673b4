UPDATE spread SET id = id + 10000 WHERE id % 10 = 0;
DELETE FROM spread WHERE id % 11 = 0;
INSERT INTO spread SELECT g, 'w' || g FROM generate_series(600, 650) g ON CONFLICT DO NOTHING;
