SELECT * FROM settings;
