SET ROLE scn_owner;
DELETE FROM users WHERE id = 6;
SELECT tried('UPDATE users SET tenant = 9 WHERE tenant = 1 AND id = 7');
SELECT tried('DELETE FROM users WHERE tenant = 2 AND id = 0');
SELECT * FROM posts WHERE author IS NULL OR editor = 0 OR tenant = 9 ORDER BY id;
