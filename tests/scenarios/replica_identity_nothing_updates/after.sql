SET ROLE scn_owner;
SELECT tried('UPDATE news SET head = ''z''');
SELECT tried('DELETE FROM news');
INSERT INTO news VALUES (60, 'last');
TRUNCATE news;
INSERT INTO news VALUES (70, 'again');
