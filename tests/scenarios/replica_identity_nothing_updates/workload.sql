SET ROLE scn_owner;
INSERT INTO news VALUES (50, 'new'), (51, 'newer');
SELECT tried('UPDATE news SET head = ''z''') \g /dev/null
SELECT tried('DELETE FROM news') \g /dev/null
