ALTER TABLE near.items ALTER COLUMN id TYPE bigint, ALTER COLUMN "Group" TYPE varchar(40);
