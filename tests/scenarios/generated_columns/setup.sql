-- Generated columns over others, in indexes, checks, views and triggers; one loses its expression, another is added.
SET ROLE scn_owner;
CREATE TABLE bills (id int PRIMARY KEY, net numeric(10, 2), rate numeric DEFAULT 0.2, gross numeric GENERATED ALWAYS AS (net * (1 + rate)) STORED,
  label text, low text COLLATE "C" GENERATED ALWAYS AS (lower(label)) STORED, words int GENERATED ALWAYS AS (length(label)) STORED NOT NULL,
  CHECK (gross >= net));
INSERT INTO bills (id, net, label) SELECT g, g * 1.5, 'Bill ' || g FROM generate_series(1, 40) g;
CREATE INDEX bills_low ON bills (low, words);
CREATE VIEW shown AS SELECT id, gross, low FROM bills;
COMMENT ON COLUMN bills.gross IS 'with tax';
RESET ROLE;
