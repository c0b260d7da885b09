-- How a mailing was to be sent, so that it is sent again like that. dcs NULL: chosen from the text; validity_ms NULL: the usual one.
ALTER TABLE mailing ADD COLUMN dcs BIGINT;
ALTER TABLE mailing ADD COLUMN validity_ms BIGINT;
