-- name: tries
-- Those of the latest deliveries of a webhook: bounded, whatever its log holds.
SELECT attempt.at_ms, attempt.duration_ms, attempt.status FROM (
  SELECT id FROM notification WHERE callback_id = :webhook_id ORDER BY id DESC LIMIT :deliveries) AS latest
JOIN delivery_attempt AS attempt ON attempt.notification_id = latest.id WHERE attempt.at_ms >= :from_ms;
