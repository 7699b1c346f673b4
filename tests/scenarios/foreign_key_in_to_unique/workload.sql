SET ROLE scn_owner;
UPDATE products SET sku = upper(sku) WHERE id IN (1, 2);
UPDATE products SET code = 'C3' WHERE id = 3;
DELETE FROM products WHERE id IN (21, 22);
