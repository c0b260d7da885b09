-- name: insert
INSERT INTO mailing (id, organisation_id, user_id, again_of, key, payload, source, total, created_at_ms, dcs, validity_ms)
VALUES (:id, :organisation_id, :user_id, :again_of, :key, :payload, :source, :total, :created_at_ms, :dcs, :validity_ms);

-- name: by_key
SELECT mailing.id FROM mailing WHERE mailing.organisation_id = :organisation_id AND mailing.key = :key;

-- name: insert_items (mailing_id bigint, device_id bigint, message_id bigint, reason text, reason_code text)
INSERT INTO mailing_item (mailing_id, device_id, message_id, reason, reason_code)
SELECT mailing_id, device_id, message_id, reason, reason_code FROM input;

-- name: one
SELECT mailing.id, mailing.organisation_id, mailing.user_id, mailing.again_of, mailing.payload, mailing.source, mailing.total,
  mailing.created_at_ms, mailing.dcs, mailing.validity_ms, app_user.email
FROM mailing LEFT JOIN app_user ON app_user.id = mailing.user_id
WHERE mailing.id = :id AND (:organisation_id = 0 OR mailing.organisation_id = :organisation_id);

-- name: latest
SELECT mailing.id, mailing.organisation_id, mailing.user_id, mailing.again_of, mailing.payload, mailing.source, mailing.total,
  mailing.created_at_ms, mailing.dcs, mailing.validity_ms, app_user.email
FROM mailing LEFT JOIN app_user ON app_user.id = mailing.user_id
WHERE :organisation_id = 0 OR mailing.organisation_id = :organisation_id ORDER BY mailing.id DESC LIMIT :most;

-- name: counts
-- 0: it was refused and there is no message.
SELECT coalesce(message.state, 0) AS state, count(*) FROM mailing_item LEFT JOIN message ON message.id = mailing_item.message_id
WHERE mailing_item.mailing_id = :id GROUP BY coalesce(message.state, 0);

-- name: items
-- What did not reach its device first, then what is under way.
SELECT mailing_item.device_id, device.name, mailing_item.message_id, coalesce(message.state, 0) AS state,
  coalesce(message.reason, mailing_item.reason) AS reason, coalesce(message.reason_code, mailing_item.reason_code) AS reason_code,
  message.retry_at_ms,
  (SELECT scheduled.due_at_ms FROM scheduled WHERE scheduled.message_id = mailing_item.message_id) AS due_at_ms
FROM mailing_item LEFT JOIN device ON device.id = mailing_item.device_id LEFT JOIN message ON message.id = mailing_item.message_id
WHERE mailing_item.mailing_id = :id
ORDER BY CASE WHEN message.state IS NULL THEN 0 WHEN message.state IN (5, 6, 7) THEN 1 WHEN message.state < 4 THEN 2 ELSE 3 END,
  mailing_item.device_id LIMIT :most OFFSET :skipped;

-- name: unreached
SELECT mailing_item.device_id FROM mailing_item LEFT JOIN message ON message.id = mailing_item.message_id
WHERE mailing_item.mailing_id = :id AND (message.state IS NULL OR message.state IN (5, 6)) ORDER BY mailing_item.device_id;
