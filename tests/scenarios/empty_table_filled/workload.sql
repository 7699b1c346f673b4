SET ROLE scn_owner;
INSERT INTO fresh (body) VALUES ('first'), ('second');
