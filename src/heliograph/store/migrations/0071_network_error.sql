-- network_error_code of a receipt, type and code as one number: applications that bind are told it as it came.
ALTER TABLE receipt ADD COLUMN network_error bigint;
