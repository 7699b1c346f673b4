SELECT count(*), sum(size) FROM shown;
