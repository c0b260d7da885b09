-- Messages that failed, expired or were cancelled: few among many, so that a list of them is no walk of all. What was delivered late after
-- all stays here: who reads it looks at the message.
CREATE TABLE undelivered (
  organisation_id BIGINT NOT NULL, state BIGINT NOT NULL, submitted_at_ms BIGINT NOT NULL, message_id BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, state, submitted_at_ms, message_id));
INSERT INTO undelivered (organisation_id, state, submitted_at_ms, message_id)
  SELECT organisation_id, state, submitted_at_ms, id FROM message WHERE state > 4;
