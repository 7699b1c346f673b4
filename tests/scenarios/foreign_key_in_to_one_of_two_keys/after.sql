SET ROLE scn_owner;
SELECT conname, conindid::regclass FROM pg_constraint WHERE confrelid = 'products'::regclass ORDER BY 1;
SELECT tried('DROP INDEX z_first');
SELECT tried('DROP INDEX a_second');
SELECT tried('DROP INDEX a_third');
DELETE FROM products WHERE id IN (3, 33);
SELECT count(*), count(product) FROM by_id;
