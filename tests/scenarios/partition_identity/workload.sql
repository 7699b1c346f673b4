SET ROLE scn_owner;
INSERT INTO tickets (day) VALUES ('2023-01-01'), ('2025-01-01');
INSERT INTO tickets_old (day) VALUES ('2023-01-02');
