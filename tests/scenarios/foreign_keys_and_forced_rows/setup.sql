-- Foreign keys from and to tables with forced row security, whose owner could not validate them after the swap.
SET ROLE scn_owner;
CREATE TABLE regions (id int PRIMARY KEY);
CREATE TABLE orders (id int PRIMARY KEY, region int REFERENCES regions);
CREATE TABLE payments (id int PRIMARY KEY, order_id int REFERENCES orders);
INSERT INTO regions SELECT g FROM generate_series(1, 5) g;
INSERT INTO orders SELECT g, g % 5 + 1 FROM generate_series(1, 20) g;
INSERT INTO payments SELECT g, g FROM generate_series(1, 20) g;
CREATE POLICY few ON payments USING (id < 10);
CREATE POLICY few ON regions USING (id < 3);
ALTER TABLE payments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE regions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
RESET ROLE;
