-- Limits of an organisation, in segments a month; null: none.
ALTER TABLE organisation ADD COLUMN mt_limit BIGINT;
ALTER TABLE organisation ADD COLUMN mo_limit BIGINT;
-- told: 1 once it was said that the limit of this counter is reached.
ALTER TABLE usage_counter ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
-- The SMS quota of a device (model/quota.py). since_ms: when this volume was given; told: which of its events were emitted.
CREATE TABLE sms_quota (
  device_id BIGINT PRIMARY KEY REFERENCES device (id), volume BIGINT NOT NULL, expiry_at_ms BIGINT NOT NULL,
  threshold_percentage BIGINT NOT NULL, auto_refill BIGINT NOT NULL, last_volume_added BIGINT NOT NULL, since_ms BIGINT NOT NULL,
  status_changed_at_ms BIGINT NOT NULL, told BIGINT NOT NULL);
-- postgres:ALTER TABLE sms_quota SET (fillfactor = 50);
-- What a device sent to and received from other subscribers of late (model/p2p.py). received_at_ms: JSON.
CREATE TABLE p2p_record (
  device_id BIGINT PRIMARY KEY REFERENCES device (id), sent_from_ms BIGINT NOT NULL, sent BIGINT NOT NULL, received_at_ms TEXT NOT NULL,
  told_sent_ms BIGINT NOT NULL, told_received_ms BIGINT NOT NULL);
-- postgres:ALTER TABLE p2p_record SET (fillfactor = 50);
-- When a device was last heard of, to within a day; null: never.
ALTER TABLE lane ADD COLUMN heard_at_ms BIGINT;
UPDATE lane SET heard_at_ms = (SELECT max(submitted_at_ms) FROM message WHERE message.device_id = lane.device_id AND direction = 2)
WHERE device_id IS NOT NULL;
-- user_data: the octets of one segment, hex, that go on as they came; null: cut from the payload. terms: what the policy said when the
-- message was accepted and what matters later (model/policy.py Terms), JSON; null: nothing.
ALTER TABLE message ADD COLUMN user_data TEXT;
ALTER TABLE message ADD COLUMN terms TEXT;
