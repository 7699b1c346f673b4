ALTER TABLE pets ADD COLUMN owner text DEFAULT 'nobody';
