SET ROLE scn_owner;
INSERT INTO shown (id, d) VALUES (101, '2025-01-02');
SELECT * FROM people WHERE id IN (5, 9, 100, 101) ORDER BY id;
SELECT * FROM shown WHERE id > 50 ORDER BY id;
