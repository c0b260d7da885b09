-- name: insert (id bigint, organisation_id bigint, callback_id bigint, secret_id bigint, message_id bigint, type text, method text, body text, created_at_ms bigint, claimed_by bigint, due_at_ms bigint)
INSERT INTO notification (id, organisation_id, callback_id, secret_id, message_id, type, method, body, created_at_ms, state, claimed_by, due_at_ms)
SELECT id, organisation_id, callback_id, secret_id, message_id, type, method, body, created_at_ms, 1, claimed_by, due_at_ms FROM input;

-- name: due
SELECT id FROM notification WHERE due_at_ms <= :now ORDER BY due_at_ms LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: claim (id bigint, node_id bigint)
UPDATE notification SET claimed_by = input.node_id, due_at_ms = NULL FROM input WHERE notification.id = input.id AND notification.state = 1;

-- name: claimed (id bigint)
SELECT notification.id, notification.organisation_id, notification.message_id, notification.tries, callback.url, notification.method, secret.secret,
  notification.body, notification.created_at_ms, callback.deleted_at_ms
FROM input JOIN notification ON notification.id = input.id
JOIN api_callback AS callback ON callback.id = notification.callback_id
LEFT JOIN api_secret AS secret ON secret.id = notification.secret_id ORDER BY notification.id;

-- name: claimed_by
SELECT notification.id, notification.organisation_id, notification.message_id, notification.tries, callback.url, notification.method, secret.secret,
  notification.body, notification.created_at_ms, callback.deleted_at_ms
FROM node JOIN notification ON notification.id >= node.open_from AND notification.claimed_by = node.id
JOIN api_callback AS callback ON callback.id = notification.callback_id
LEFT JOIN api_secret AS secret ON secret.id = notification.secret_id
WHERE node.id = :node_id AND notification.state = 1 AND notification.due_at_ms IS NULL ORDER BY notification.id;

-- name: lock (id bigint)
SELECT notification.id, notification.claimed_by, notification.tries, notification.state FROM input JOIN notification ON notification.id = input.id
ORDER BY notification.id FOR UPDATE OF notification;

-- name: settle (id bigint, state bigint, tries bigint, due_at_ms bigint, final_at_ms bigint)
UPDATE notification SET state = input.state, tries = input.tries, due_at_ms = input.due_at_ms, final_at_ms = input.final_at_ms
FROM input WHERE notification.id = input.id;

-- name: give_back (id bigint, due_at_ms bigint)
UPDATE notification SET due_at_ms = input.due_at_ms, claimed_by = NULL FROM input
WHERE notification.id = input.id AND notification.state = 1;

-- name: insert_attempts (notification_id bigint, number bigint, at_ms bigint, duration_ms bigint, status bigint, address text, error text, answer text)
INSERT INTO delivery_attempt (notification_id, number, at_ms, duration_ms, status, address, error, answer)
SELECT notification_id, number, at_ms, duration_ms, status, address, error, answer FROM input;

-- name: free_claims
UPDATE notification SET claimed_by = NULL, due_at_ms = :now
WHERE id >= :open_from AND claimed_by = :node_id AND state = 1 AND due_at_ms IS NULL;

-- name: next_due
SELECT min(due_at_ms) FROM notification WHERE due_at_ms IS NOT NULL;

-- name: waiting
SELECT count(*) FROM notification WHERE due_at_ms IS NOT NULL;

-- name: of_message
SELECT id, type, state, tries, due_at_ms, final_at_ms, created_at_ms FROM notification WHERE message_id = :message_id ORDER BY id;

-- name: failing
SELECT notification.callback_id, api_callback.url, count(*) AS waiting, min(notification.created_at_ms) AS since_ms
FROM notification JOIN api_callback ON api_callback.id = notification.callback_id
WHERE notification.due_at_ms IS NOT NULL AND notification.tries > 0
GROUP BY notification.callback_id, api_callback.url ORDER BY notification.callback_id;
