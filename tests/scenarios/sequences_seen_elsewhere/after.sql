SET ROLE scn_owner;
INSERT INTO drafts (body) VALUES ('draft') RETURNING id;
INSERT INTO tickets (body) VALUES ('ticket') RETURNING id;
SELECT next_ticket();
SELECT * FROM position;
