SELECT count(*), md5(string_agg(v, ',' ORDER BY b, c, a)) FROM by_key;
