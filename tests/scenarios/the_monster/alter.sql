ALTER TABLE lair."Monster" ALTER COLUMN extra TYPE bigint, ADD COLUMN note text NOT NULL DEFAULT 'note', ADD CHECK (qty < 100000),
  ALTER COLUMN region SET DEFAULT 4;
ALTER TABLE lair."Monster" RENAME COLUMN mood TO "Mood";
