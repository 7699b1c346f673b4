SELECT * FROM after_it;
SELECT * FROM beside_it;
