-- While it lies in the future, the owner of the link writes its PDUs into link_trace; null: never asked.
ALTER TABLE link ADD COLUMN trace_until_ms BIGINT;
-- PDUs of a link, decoded and without secrets; kept for an hour.
CREATE TABLE link_trace (
  id BIGINT PRIMARY KEY, link_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, bind TEXT NOT NULL, is_sent BIGINT NOT NULL, pdu TEXT NOT NULL);
CREATE INDEX link_trace_age ON link_trace (at_ms);
-- Which link the messages of a device go by: the first route that fits, by position. link_ids: JSON, the first is wanted, the others are
-- taken while it is down; link_id: the one that is taken now.
CREATE TABLE route (
  id BIGINT PRIMARY KEY, position BIGINT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, link_ids TEXT NOT NULL, link_id BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL);
