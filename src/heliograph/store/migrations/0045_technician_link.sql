-- A link by which somebody without an account reaches one device. commands: JSON, ids of the saved commands that are all it may send;
-- null: whatever they write. made_by: who made it, in words. used_at_ms, uses: of its latest use, and how often.
CREATE TABLE technician_link (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), device_id BIGINT NOT NULL REFERENCES device (id),
  token_hash TEXT NOT NULL UNIQUE, description TEXT NOT NULL, commands TEXT, made_by TEXT, created_at_ms BIGINT NOT NULL,
  expires_at_ms BIGINT NOT NULL, revoked_at_ms BIGINT, used_at_ms BIGINT, uses BIGINT NOT NULL DEFAULT 0);
CREATE INDEX technician_link_of_organisation ON technician_link (organisation_id, id);
CREATE INDEX technician_link_of_device ON technician_link (device_id, id);
-- Which link a message came by, and from where: the rest stands in the message.
CREATE TABLE technician_sent (
  message_id BIGINT PRIMARY KEY, link_id BIGINT NOT NULL REFERENCES technician_link (id), address TEXT);
CREATE INDEX technician_sent_of_link ON technician_sent (link_id, message_id);
