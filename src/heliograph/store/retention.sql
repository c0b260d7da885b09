-- name: messages
SELECT id, submitted_at_ms AS at_ms, CASE WHEN state >= 4 AND NOT EXISTS (
  SELECT 1 FROM notification WHERE notification.message_id = message.id AND notification.final_at_ms IS NULL) THEN 1 ELSE 0 END AS may_go
FROM message WHERE id > :after ORDER BY id LIMIT :most;

-- name: delete_messages (id bigint)
DELETE FROM message WHERE id IN (SELECT id FROM input) AND state >= 4
AND NOT EXISTS (SELECT 1 FROM notification WHERE notification.message_id = message.id AND notification.final_at_ms IS NULL)
RETURNING id, organisation_id, submitted_at_ms;

-- name: delete_scheduled (id bigint)
DELETE FROM scheduled WHERE message_id IN (SELECT id FROM input);

-- name: delete_resent (id bigint)
DELETE FROM resent WHERE message_id IN (SELECT id FROM input);

-- name: delete_technician_sent (id bigint)
DELETE FROM technician_sent WHERE message_id IN (SELECT id FROM input);

-- name: delete_attempts (id bigint)
DELETE FROM attempt WHERE message_id IN (SELECT id FROM input);

-- name: delete_receipts_of_messages (id bigint)
DELETE FROM receipt WHERE message_id IN (SELECT id FROM input);

-- name: delete_delivery_attempts (id bigint)
DELETE FROM delivery_attempt WHERE notification_id IN (
  SELECT notification.id FROM notification JOIN input ON input.id = notification.message_id);

-- name: delete_notifications (id bigint)
DELETE FROM notification WHERE message_id IN (SELECT id FROM input);

-- name: bodies
-- What has none is looked at too: passed over here, all that was emptied since the beginning would be one read.
SELECT id, submitted_at_ms AS at_ms, CASE WHEN payload = '' AND user_data IS NULL THEN 2 WHEN state >= 4 AND NOT EXISTS (
  SELECT 1 FROM notification WHERE notification.message_id = message.id AND notification.final_at_ms IS NULL) THEN 1 ELSE 0 END AS may_go
FROM message WHERE id > :after ORDER BY id LIMIT :most;

-- name: empty_bodies (id bigint)
UPDATE message SET payload = '', user_data = NULL, note = CASE WHEN note IS NULL THEN :note ELSE note || '; ' || :note END
WHERE id IN (SELECT id FROM input) AND state >= 4 AND (payload <> '' OR user_data IS NOT NULL);

-- name: empty_notifications (id bigint)
UPDATE notification SET body = '' WHERE message_id IN (SELECT id FROM input) AND final_at_ms IS NOT NULL AND body <> '';

-- name: organisations
SELECT organisation_id FROM feed ORDER BY organisation_id;

-- name: events
SELECT number AS id, at_ms, 1 AS may_go, CASE WHEN substr(type, 1, 4) = 'sms.' THEN 1 ELSE 0 END AS of_message
FROM event WHERE organisation_id = :organisation_id AND number > :after ORDER BY number LIMIT :most;

-- name: delete_events (number bigint)
DELETE FROM event WHERE organisation_id = :organisation_id AND number IN (SELECT number FROM input);

-- name: audit
SELECT id, at_ms, 1 AS may_go FROM audit WHERE id > :after ORDER BY id LIMIT :most;

-- name: delete_audit (id bigint)
DELETE FROM audit WHERE id IN (SELECT id FROM input);

-- name: receipts
SELECT id, received_at_ms AS at_ms, 1 AS may_go FROM receipt WHERE id > :after ORDER BY id LIMIT :most;

-- name: delete_receipts (id bigint)
DELETE FROM receipt WHERE id IN (SELECT id FROM input);

-- name: unmatched
SELECT message_id AS id, received_at_ms AS at_ms, 1 AS may_go FROM unmatched_inbound WHERE message_id > :after ORDER BY message_id LIMIT :most;

-- name: delete_unmatched (id bigint)
DELETE FROM unmatched_inbound WHERE message_id IN (SELECT id FROM input);

-- name: delivery_attempts
SELECT notification_id AS id, max(at_ms) AS at_ms, 1 AS may_go FROM delivery_attempt WHERE notification_id > :after
GROUP BY notification_id ORDER BY notification_id LIMIT :most;

-- name: delete_attempts_of (id bigint)
DELETE FROM delivery_attempt WHERE notification_id IN (SELECT id FROM input);

-- name: delivery_payloads
SELECT id, coalesce(replayed_at_ms, created_at_ms) AS at_ms,
  CASE WHEN body = '' THEN 2 WHEN final_at_ms IS NULL THEN 0 ELSE 1 END AS may_go
FROM notification WHERE id > :after ORDER BY id LIMIT :most;

-- name: delete_payloads (id bigint)
UPDATE notification SET body = '' WHERE id IN (SELECT id FROM input) AND final_at_ms IS NOT NULL;

-- name: deliveries
SELECT id, coalesce(replayed_at_ms, created_at_ms) AS at_ms, CASE WHEN final_at_ms IS NULL THEN 0 ELSE 1 END AS may_go
FROM notification WHERE message_id = 0 AND id > :after ORDER BY id LIMIT :most;

-- name: delete_deliveries (id bigint)
DELETE FROM notification WHERE id IN (SELECT id FROM input) AND final_at_ms IS NOT NULL AND message_id = 0;

-- name: mailings
SELECT id, created_at_ms AS at_ms, 1 AS may_go FROM mailing WHERE id > :after ORDER BY id LIMIT :most;

-- name: delete_mailings (id bigint)
DELETE FROM mailing WHERE id IN (SELECT id FROM input);

-- name: delete_mailing_items (id bigint)
DELETE FROM mailing_item WHERE mailing_id IN (SELECT id FROM input);

-- name: mailing_texts
SELECT id, created_at_ms AS at_ms, 1 AS may_go FROM mailing WHERE id > :after AND payload <> '' ORDER BY id LIMIT :most;

-- name: delete_mailing_texts (id bigint)
UPDATE mailing SET payload = '' WHERE id IN (SELECT id FROM input);
