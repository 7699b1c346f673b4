SELECT * FROM productive ORDER BY id;
SELECT * FROM single ORDER BY 1;
