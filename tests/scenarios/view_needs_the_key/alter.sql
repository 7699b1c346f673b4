ALTER TABLE authors DROP CONSTRAINT authors_pkey, ADD PRIMARY KEY (code);
