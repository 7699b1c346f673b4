ALTER TABLE prices RENAME COLUMN amount TO "Amount €";
ALTER TABLE prices RENAME COLUMN "when" TO amount;
ALTER TABLE prices ADD COLUMN "when" int DEFAULT 0;
