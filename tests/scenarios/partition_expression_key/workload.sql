SET ROLE scn_owner;
INSERT INTO words VALUES (300, 'Alpha', 1), (301, 'Zeta', 2), (302, 'mu', 4), (303, 'mu', 5);
UPDATE words SET word = 'b' || word WHERE id BETWEEN 13 AND 20;
UPDATE words SET word = 'z' || word WHERE id BETWEEN 29 AND 33;
