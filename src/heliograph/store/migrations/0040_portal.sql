-- One SMS sent to many devices by a person, kept with what became of each. key: of the form, so that one that comes twice sends once.
CREATE TABLE mailing (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL, user_id BIGINT, again_of BIGINT, key TEXT NOT NULL, payload TEXT NOT NULL,
  source TEXT NOT NULL, total BIGINT NOT NULL, created_at_ms BIGINT NOT NULL, UNIQUE (organisation_id, key));
-- Each device of it: the message, or why there is none.
CREATE TABLE mailing_item (
  mailing_id BIGINT NOT NULL, device_id BIGINT NOT NULL, message_id BIGINT, reason TEXT, reason_code TEXT, PRIMARY KEY (mailing_id, device_id));

-- A text that people send often, with places for what differs: SETPARAM 2001:{apn}.
CREATE TABLE saved_command (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, description TEXT, source TEXT,
  created_at_ms BIGINT NOT NULL, UNIQUE (organisation_id, name));
