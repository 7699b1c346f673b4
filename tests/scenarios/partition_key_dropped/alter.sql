ALTER TABLE days_old DROP CONSTRAINT days_old_pkey;
