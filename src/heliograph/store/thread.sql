-- name: deliveries (id bigint)
-- How each message's hand-over to its application stands: the latest delivery of each.
SELECT notification.message_id, notification.state, notification.tries, notification.due_at_ms, notification.account FROM input
JOIN notification ON notification.id = (SELECT max(latest.id) FROM notification AS latest WHERE latest.message_id = input.id);

-- name: recent
-- The devices of the organisation's latest messages, the latest first.
SELECT latest.device_id, max(latest.id) AS newest FROM (SELECT message.device_id, message.id FROM message
  WHERE message.organisation_id = :organisation_id ORDER BY message.submitted_at_ms DESC, message.id DESC LIMIT :looked_at) AS latest
WHERE latest.device_id IS NOT NULL GROUP BY latest.device_id ORDER BY newest DESC LIMIT :most;
