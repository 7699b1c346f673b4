ALTER TABLE secrets ADD COLUMN more text;
