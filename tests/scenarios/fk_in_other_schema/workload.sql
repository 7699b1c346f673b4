SET ROLE scn_owner;
UPDATE p SET name = 'q' || id WHERE id < 6;
UPDATE far.p SET name = 'q1' WHERE name IN ('p20', 'p19');
DELETE FROM p WHERE id IN (19, 20);
