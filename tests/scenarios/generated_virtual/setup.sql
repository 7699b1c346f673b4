-- Virtual generated columns beside a stored one, in views and checks; the ALTER adds one more.
SET ROLE scn_owner;
CREATE TABLE bills (id int PRIMARY KEY, net numeric, rate numeric DEFAULT 0.2, gross numeric GENERATED ALWAYS AS (net * (1 + rate)) VIRTUAL,
  low text, upper_low text GENERATED ALWAYS AS (upper(low)) STORED, tax numeric GENERATED ALWAYS AS (net * rate), n int, CHECK (gross >= net));
INSERT INTO bills (id, net, low) SELECT g, g * 1.5, 'bill ' || g FROM generate_series(1, 40) g;
CREATE VIEW shown AS SELECT id, gross, tax FROM bills;
RESET ROLE;
