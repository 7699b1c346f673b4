ALTER TABLE days_old RENAME COLUMN note TO remark;
