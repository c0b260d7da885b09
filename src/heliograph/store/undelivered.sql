-- name: note (id bigint)
INSERT INTO undelivered (organisation_id, state, submitted_at_ms, message_id)
SELECT message.organisation_id, message.state, message.submitted_at_ms, message.id FROM message WHERE message.id IN (SELECT id FROM input)
ON CONFLICT DO NOTHING;

-- name: of_state
SELECT submitted_at_ms, message_id FROM undelivered
WHERE organisation_id = :organisation_id AND state = :state AND (submitted_at_ms, message_id) < (:at_ms, :id)
  AND submitted_at_ms >= :from_ms
ORDER BY submitted_at_ms DESC, message_id DESC LIMIT :most;

-- name: forget (organisation_id bigint, submitted_at_ms bigint, id bigint)
DELETE FROM undelivered WHERE (organisation_id, submitted_at_ms, message_id) IN (SELECT organisation_id, submitted_at_ms, id FROM input)
  AND state IN (:failed, :expired, :canceled);
