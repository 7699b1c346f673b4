SET ROLE scn_stranger;
SELECT tried('UPDATE plain SET body = ''x''');
SELECT tried('SELECT FROM plain');
SELECT tried('SELECT nextval(''plain_more_seq'')');
TRUNCATE plain;
