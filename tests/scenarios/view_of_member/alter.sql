ALTER TABLE items ALTER COLUMN label SET DEFAULT 'none', ADD COLUMN sold boolean DEFAULT false;
