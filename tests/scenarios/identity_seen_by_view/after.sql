SET ROLE scn_owner;
INSERT INTO tickets (body) VALUES ('more'), ('and more');
SELECT * FROM position;
SELECT * FROM both_of_them;
SELECT next_ticket();
