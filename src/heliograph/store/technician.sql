-- name: insert
INSERT INTO technician_link (id, organisation_id, device_id, token_hash, description, commands, made_by, created_at_ms, expires_at_ms)
VALUES (:id, :organisation_id, :device_id, :token_hash, :description, :commands, :made_by, :now, :expires_at_ms);

-- part: columns
SELECT link.id, link.organisation_id, link.device_id, device.name, link.description, link.commands, link.made_by, link.created_at_ms,
  link.expires_at_ms, link.revoked_at_ms, link.used_at_ms, link.uses
FROM technician_link AS link JOIN device ON device.id = link.device_id

-- part: of_all
WHERE (:device_id = 0 OR link.device_id = :device_id) ORDER BY link.id DESC LIMIT :most OFFSET :skipped

-- part: of_organisation
WHERE link.organisation_id = :organisation_id AND (:device_id = 0 OR link.device_id = :device_id)
ORDER BY link.id DESC LIMIT :most OFFSET :skipped

-- part: one
WHERE link.id = :id AND (:organisation_id = 0 OR link.organisation_id = :organisation_id)

-- part: by_hash
WHERE link.token_hash = :token_hash

-- name: count
SELECT count(*) FROM technician_link AS link
WHERE (:organisation_id = 0 OR link.organisation_id = :organisation_id) AND (:device_id = 0 OR link.device_id = :device_id);

-- name: revoke
UPDATE technician_link SET revoked_at_ms = :now
WHERE id = :id AND (:organisation_id = 0 OR organisation_id = :organisation_id) AND revoked_at_ms IS NULL RETURNING id;

-- name: use
UPDATE technician_link SET used_at_ms = :now, uses = uses + 1
WHERE id = :id AND revoked_at_ms IS NULL AND expires_at_ms > :now RETURNING id;

-- name: insert_sent
INSERT INTO technician_sent (message_id, link_id, address) VALUES (:message_id, :link_id, :address);

-- name: has_sent
SELECT 1 FROM technician_sent WHERE link_id = :link_id AND message_id = :message_id;

-- name: sent_by
SELECT message_id FROM technician_sent WHERE link_id = :link_id;

-- name: uses
SELECT at_ms, action, address, message_id FROM (
  SELECT message.submitted_at_ms AS at_ms, 'sms.sent' AS action, technician_sent.address AS address, message.id AS message_id
  FROM technician_sent JOIN message ON message.id = technician_sent.message_id WHERE technician_sent.link_id = :id
  UNION ALL
  SELECT audit.at_ms, audit.action, audit.address, NULL FROM audit
  WHERE audit.organisation_id = :organisation_id AND audit.object_id = :id AND audit.door = 'technician' AND audit.at_ms >= :from_ms
) AS used ORDER BY at_ms DESC, message_id DESC LIMIT :most;
