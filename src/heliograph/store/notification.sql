-- name: insert (id bigint, organisation_id bigint, callback_id bigint, secret_id bigint, account text, message_id bigint, device_id bigint, number bigint, type text, method text, body text, created_at_ms bigint, claimed_by bigint, due_at_ms bigint)
INSERT INTO notification (id, organisation_id, callback_id, secret_id, account, message_id, device_id, number, type, method, body, created_at_ms,
  state, claimed_by, due_at_ms)
SELECT id, organisation_id, callback_id, secret_id, account, message_id, device_id, number, type, method, body, created_at_ms,
  1, claimed_by, due_at_ms FROM input;

-- One look at the index for each webhook, however much waits for it.
-- name: waiting_webhooks
WITH RECURSIVE each (callback_id) AS (
  SELECT min(callback_id) FROM notification WHERE due_at_ms IS NOT NULL AND account IS NULL AND callback_id > :after
  UNION ALL
  SELECT (SELECT min(callback_id) FROM notification WHERE due_at_ms IS NOT NULL AND account IS NULL AND callback_id > each.callback_id)
  FROM each WHERE each.callback_id IS NOT NULL)
SELECT each.callback_id, (SELECT min(due_at_ms) FROM notification
  WHERE notification.callback_id = each.callback_id AND due_at_ms IS NOT NULL AND account IS NULL) AS due_at_ms
FROM each WHERE each.callback_id IS NOT NULL LIMIT :most;

-- name: due_of
SELECT id FROM notification WHERE callback_id = :callback_id AND account IS NULL AND due_at_ms <= :until
ORDER BY due_at_ms LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: give_up_waiting
UPDATE notification SET state = 3, due_at_ms = NULL, final_at_ms = :now, failed_at_ms = :now WHERE id IN (
  SELECT id FROM notification WHERE callback_id = :callback_id AND account IS NULL AND due_at_ms > 0 ORDER BY due_at_ms LIMIT :most
  FOR UPDATE SKIP LOCKED) RETURNING id;

-- name: waiting_accounts (account text)
SELECT account FROM input WHERE EXISTS (SELECT 1 FROM notification WHERE notification.account = input.account AND due_at_ms <= :now);

-- name: due_for
SELECT id FROM notification WHERE account = :account AND due_at_ms <= :now ORDER BY due_at_ms, id LIMIT :most FOR UPDATE SKIP LOCKED;

-- One look at the index for each account, however much waits for it.
-- name: accounts_with_old
WITH RECURSIVE each (account) AS (
  SELECT min(account) FROM notification WHERE account IS NOT NULL AND due_at_ms IS NOT NULL
  UNION ALL
  SELECT (SELECT min(account) FROM notification WHERE account > each.account AND due_at_ms IS NOT NULL) FROM each WHERE each.account IS NOT NULL)
SELECT each.account FROM each
WHERE EXISTS (SELECT 1 FROM notification WHERE notification.account = each.account AND notification.due_at_ms < :before);

-- name: give_up_old
UPDATE notification SET state = 3, due_at_ms = NULL, final_at_ms = :now WHERE id IN (
  SELECT id FROM notification WHERE account = :account AND due_at_ms < :before ORDER BY due_at_ms, id LIMIT :most) RETURNING id;

-- name: claim (id bigint, node_id bigint)
UPDATE notification SET claimed_by = input.node_id, due_at_ms = NULL FROM input WHERE notification.id = input.id AND notification.state = 1;

-- name: claimed (position bigint, id bigint)
SELECT notification.id, notification.organisation_id, notification.callback_id, notification.account, notification.message_id,
  notification.tries, notification.type, notification.method, secret.secret, notification.body, notification.created_at_ms
FROM input JOIN notification ON notification.id = input.id
LEFT JOIN api_secret AS secret ON secret.id = notification.secret_id ORDER BY input.position;

-- name: claimed_by
SELECT notification.id, notification.organisation_id, notification.callback_id, notification.account, notification.message_id,
  notification.tries, notification.type, notification.method, secret.secret, notification.body, notification.created_at_ms
FROM node JOIN notification ON notification.id >= node.open_from AND notification.claimed_by = node.id
LEFT JOIN api_secret AS secret ON secret.id = notification.secret_id
WHERE node.id = :node_id AND notification.state = 1 AND notification.due_at_ms IS NULL ORDER BY notification.id;

-- name: lock (id bigint)
SELECT notification.id, notification.callback_id, notification.claimed_by, notification.tries, notification.state, notification.tries_before,
  coalesce(notification.replayed_at_ms, notification.created_at_ms) AS since_ms
FROM input JOIN notification ON notification.id = input.id ORDER BY notification.id FOR UPDATE OF notification;

-- name: settle (id bigint, state bigint, tries bigint, due_at_ms bigint, final_at_ms bigint, failed_at_ms bigint)
UPDATE notification SET state = input.state, tries = input.tries, due_at_ms = input.due_at_ms, final_at_ms = input.final_at_ms,
  failed_at_ms = input.failed_at_ms
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

-- name: of_message
SELECT id, type, state, tries, due_at_ms, final_at_ms, created_at_ms FROM notification WHERE message_id = :message_id ORDER BY id;

-- name: failing
SELECT notification.callback_id, api_callback.url, count(*) AS waiting, min(notification.created_at_ms) AS since_ms
FROM notification JOIN api_callback ON api_callback.id = notification.callback_id
WHERE notification.due_at_ms IS NOT NULL AND notification.account IS NULL AND notification.tries > 0
GROUP BY notification.callback_id, api_callback.url ORDER BY notification.callback_id;
