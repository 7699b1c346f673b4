ALTER TABLE teams RENAME COLUMN member TO "user";
ALTER TABLE teams RENAME COLUMN id TO member;
