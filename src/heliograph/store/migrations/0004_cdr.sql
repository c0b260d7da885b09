-- Files of usage, one a day. One row: the day whose file is next, and the process that writes it. A file holds what became final, by the
-- feed: last_number is how far the files have come in an organisation's.
CREATE TABLE cdr (id BIGINT PRIMARY KEY, next_day TEXT NOT NULL, claimed_by BIGINT);
CREATE TABLE cdr_cursor (organisation_id BIGINT PRIMARY KEY, last_number BIGINT NOT NULL);
INSERT INTO cdr_cursor (organisation_id, last_number) SELECT organisation_id, last_number FROM feed;
