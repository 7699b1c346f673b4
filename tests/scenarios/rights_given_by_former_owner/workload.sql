SET ROLE scn_clerk;
INSERT INTO plain (body) VALUES ('new');
