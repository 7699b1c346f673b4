SET ROLE scn_owner;
INSERT INTO fresh (body) VALUES ('third') RETURNING *;
SELECT * FROM shown ORDER BY 1;
