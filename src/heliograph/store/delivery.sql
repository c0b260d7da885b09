-- The log of what was delivered to webhooks, newest first. state: 0 for any; is_retrying: of those that wait, only what failed before.
-- part: columns
notification.id, notification.organisation_id, notification.callback_id, notification.type, notification.message_id, notification.device_id,
  notification.number, notification.method, notification.state, notification.tries, notification.due_at_ms, notification.created_at_ms,
  notification.final_at_ms, notification.failed_at_ms, attempt.at_ms, attempt.status, attempt.error, attempt.duration_ms, device.name

-- name: last_of_all
-- The last delivery that a look at the log goes down to.
SELECT id FROM notification WHERE callback_id = :webhook_id AND id < :before ORDER BY id DESC LIMIT 1 OFFSET :passed;

-- name: last_of_failed
SELECT id FROM notification WHERE callback_id = :webhook_id AND failed_at_ms IS NOT NULL AND id < :before
ORDER BY id DESC LIMIT 1 OFFSET :passed;

-- name: all
SELECT {columns} FROM notification
LEFT JOIN delivery_attempt AS attempt ON attempt.notification_id = notification.id AND attempt.number = notification.tries
LEFT JOIN device ON device.id = notification.device_id
WHERE notification.callback_id = :webhook_id AND notification.account IS NULL AND notification.id < :before AND notification.id >= :down_to
AND (:state = 0 OR notification.state = :state) AND (:device_id = 0 OR notification.device_id = :device_id)
AND (:type = '' OR notification.type = :type)
AND notification.created_at_ms >= :from_ms AND notification.created_at_ms < :until_ms
ORDER BY notification.id DESC LIMIT :most;

-- name: failed
SELECT {columns} FROM notification
LEFT JOIN delivery_attempt AS attempt ON attempt.notification_id = notification.id AND attempt.number = notification.tries
LEFT JOIN device ON device.id = notification.device_id
WHERE notification.callback_id = :webhook_id AND notification.account IS NULL AND notification.id < :before AND notification.id >= :down_to
AND notification.failed_at_ms IS NOT NULL AND notification.state = :state AND (:device_id = 0 OR notification.device_id = :device_id)
AND (:type = '' OR notification.type = :type)
AND notification.created_at_ms >= :from_ms AND notification.created_at_ms < :until_ms
ORDER BY notification.id DESC LIMIT :most;

-- name: one
SELECT {columns}, notification.body FROM notification
LEFT JOIN delivery_attempt AS attempt ON attempt.notification_id = notification.id AND attempt.number = notification.tries
LEFT JOIN device ON device.id = notification.device_id
WHERE notification.id = :id AND notification.account IS NULL AND (:organisation_id = 0 OR notification.organisation_id = :organisation_id);

-- name: attempts
SELECT number, at_ms, duration_ms, status, address, error, answer FROM delivery_attempt WHERE notification_id = :id ORDER BY number;

-- name: insert_asked
INSERT INTO notification (id, organisation_id, callback_id, secret_id, message_id, type, method, body, created_at_ms, state, due_at_ms)
VALUES (:id, :organisation_id, :webhook_id,
  (SELECT api_secret_id FROM service_profile WHERE api_callback_id = :webhook_id AND deleted_at_ms IS NULL ORDER BY id LIMIT 1),
  0, :type, :method, :body, :now, 1, 0);

-- name: resend
UPDATE notification SET state = 1, due_at_ms = 0, final_at_ms = NULL, tries_before = tries, replayed_at_ms = :now
WHERE id = :id AND body <> '' AND (state <> 1 OR due_at_ms IS NOT NULL) RETURNING id;

-- name: replay
UPDATE notification SET state = 1, due_at_ms = :now, final_at_ms = NULL, tries_before = tries, replayed_at_ms = :now WHERE id IN (
  SELECT id FROM notification WHERE callback_id = :webhook_id AND failed_at_ms IS NOT NULL AND state = 3 AND id > :after
  AND created_at_ms >= :since AND body <> '' AND type <> 'webhook.test' ORDER BY id LIMIT :most) RETURNING id;

-- name: missed
SELECT count(*) FROM (SELECT 1 FROM notification WHERE callback_id = :webhook_id AND failed_at_ms IS NOT NULL AND state = 3
  AND created_at_ms >= :since AND body <> '' AND type <> 'webhook.test' LIMIT :most) AS missed;

-- name: waiting
SELECT count(*) FROM (SELECT 1 FROM notification WHERE callback_id = :webhook_id AND account IS NULL AND due_at_ms IS NOT NULL
  LIMIT :most) AS waiting;
