-- Views over the table, views over those, in its schema and in another, with comments and grants.
CREATE SCHEMA reports AUTHORIZATION scn_owner;
GRANT USAGE ON SCHEMA reports TO scn_reader, scn_clerk;
SET ROLE scn_owner;
CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, amount numeric(10, 2) NOT NULL, note text);
INSERT INTO orders SELECT g, 'customer ' || g % 7, g * 1.25, CASE WHEN g % 3 > 0 THEN 'note ' || g END
FROM generate_series(1, 80) g;
CREATE VIEW everything AS SELECT * FROM orders;
CREATE VIEW large (number, "Who") AS SELECT id, customer FROM orders WHERE amount > 50;
CREATE VIEW reports.large_by_name AS SELECT "Who", count(*) AS many, min(number) AS first FROM large GROUP BY "Who";
CREATE VIEW reports.top AS SELECT * FROM reports.large_by_name ORDER BY many DESC, "Who" LIMIT 3;
CREATE VIEW reports.both AS SELECT o.id, t.many FROM orders o JOIN reports.top t ON t."Who" = o.customer;
CREATE VIEW unrelated AS SELECT 1 AS one;
COMMENT ON VIEW everything IS 'all of it';
COMMENT ON COLUMN everything.note IS 'what was said';
COMMENT ON COLUMN reports.top.many IS 'how many';
COMMENT ON VIEW reports.both IS 'it''s a join';
GRANT SELECT ON everything, large TO scn_reader;
GRANT SELECT ON reports.top, reports.both TO scn_clerk WITH GRANT OPTION;
GRANT INSERT, UPDATE (customer, note), SELECT (id) ON everything TO scn_clerk;
RESET ROLE;
SET ROLE scn_clerk;
GRANT SELECT ON reports.top TO scn_reader;
RESET ROLE;
