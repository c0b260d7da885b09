-- A webhook is a row of api_callback, whichever call made it. settings: JSON (model/webhook.py). kind, hook_key: of a no-code tool's, which
-- brings the same hook again. secret: its own, which goes before that of a policy; previous_secret signs too until its time. failures: in a
-- row; failed: since the last success, which was before failing_since_ms. version: of its last change, by which processes know that there
-- is one; numbered by the row of webhook_change.
ALTER TABLE api_callback ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE api_callback ADD COLUMN kind TEXT;
ALTER TABLE api_callback ADD COLUMN hook_key TEXT;
ALTER TABLE api_callback ADD COLUMN secret TEXT;
ALTER TABLE api_callback ADD COLUMN previous_secret TEXT;
ALTER TABLE api_callback ADD COLUMN previous_until_ms BIGINT;
ALTER TABLE api_callback ADD COLUMN paused_at_ms BIGINT;
ALTER TABLE api_callback ADD COLUMN disabled_reason TEXT;
ALTER TABLE api_callback ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_callback ADD COLUMN failed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_callback ADD COLUMN failing_since_ms BIGINT;
ALTER TABLE api_callback ADD COLUMN degraded_at_ms BIGINT;
ALTER TABLE api_callback ADD COLUMN probe_at_ms BIGINT;
ALTER TABLE api_callback ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX api_callback_of_organisation ON api_callback (organisation_id, id);
CREATE INDEX api_callback_version ON api_callback (version);
CREATE UNIQUE INDEX api_callback_hook ON api_callback (organisation_id, hook_key) WHERE hook_key IS NOT NULL AND deleted_at_ms IS NULL;
CREATE TABLE webhook_change (id BIGINT PRIMARY KEY, version BIGINT NOT NULL);
INSERT INTO webhook_change (id, version) VALUES (1, 0);

-- Up to which event the feed of an organisation was turned into deliveries, where it has webhooks that are told of events by the feed.
CREATE TABLE webhook_cursor (organisation_id BIGINT PRIMARY KEY, last_number BIGINT NOT NULL);

-- When a webhook could not be reached: such time does not count for what waits.
CREATE TABLE webhook_outage (callback_id BIGINT NOT NULL, began_at_ms BIGINT NOT NULL, ended_at_ms BIGINT NOT NULL,
  PRIMARY KEY (callback_id, began_at_ms));

-- device_id, number: of the event it tells. failed_at_ms: when its last try failed, null once it is delivered. tries_before, replayed_at_ms:
-- how often it was tried before somebody had it delivered again. A due time of 0: somebody asked for it, and it goes before all others.
ALTER TABLE notification ADD COLUMN device_id BIGINT;
ALTER TABLE notification ADD COLUMN number BIGINT;
ALTER TABLE notification ADD COLUMN failed_at_ms BIGINT;
ALTER TABLE notification ADD COLUMN tries_before BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notification ADD COLUMN replayed_at_ms BIGINT;
DROP INDEX notification_due;
CREATE INDEX notification_due ON notification (callback_id, due_at_ms) WHERE due_at_ms IS NOT NULL AND account IS NULL;
CREATE INDEX notification_of_webhook ON notification (callback_id, id);
CREATE INDEX notification_failed ON notification (callback_id, id) WHERE failed_at_ms IS NOT NULL;
