-- name: insert
INSERT INTO audit (id, organisation_id, at_ms, home_id, user_id, token_id, who, role, door, address, action, object_id, changes)
VALUES (:id, :organisation_id, :at_ms, :home_id, :user_id, :token_id, :who, :role, :door, :address, :action, :object_id, :changes);

-- name: changes
SELECT id, organisation_id, at_ms, home_id, user_id, token_id, who, role, door, address, action, object_id, changes FROM audit
WHERE id < :before_id AND at_ms >= :from_ms AND at_ms < :until_ms
AND (:action = '' OR action = :action OR action LIKE :action || '.%')
AND (:object_id = 0 OR object_id = :object_id) AND (:user_id = 0 OR user_id = :user_id) AND (:token_id = 0 OR token_id = :token_id)
AND (:door = '' OR door = :door)
ORDER BY id DESC LIMIT :most;

-- name: changes_of_organisation
SELECT id, organisation_id, at_ms, home_id, user_id, token_id, who, role, door, address, action, object_id, changes FROM audit
WHERE organisation_id = :organisation_id AND id < :before_id AND at_ms >= :from_ms AND at_ms < :until_ms
AND (:action = '' OR action = :action OR action LIKE :action || '.%')
AND (:object_id = 0 OR object_id = :object_id) AND (:user_id = 0 OR user_id = :user_id) AND (:token_id = 0 OR token_id = :token_id)
AND (:door = '' OR door = :door)
ORDER BY id DESC LIMIT :most;

-- name: sends
-- Of all organisations: by id alone, which rises with time.
SELECT message.id, message.organisation_id, message.submitted_at_ms, coalesce(token.organisation_id, app_user.organisation_id),
  message.user_id, message.token_id,
  coalesce(app_user.email, 'technician link ' || technician_link.id || ' (' || technician_link.description || ')'),
  coalesce(token.role, app_user.role), message.door, message.device_id, technician_sent.address
FROM message LEFT JOIN application_token AS token ON token.id = message.token_id
LEFT JOIN app_user ON app_user.id = coalesce(message.user_id, token.creator_id)
LEFT JOIN technician_sent ON technician_sent.message_id = message.id LEFT JOIN technician_link ON technician_link.id = technician_sent.link_id
WHERE message.id < :before_id AND message.traffic_class = 'a2p_mt'
AND message.submitted_at_ms >= :from_ms AND message.submitted_at_ms < :until_ms
AND (:object_id = 0 OR message.id = :object_id) AND (:user_id = 0 OR message.user_id = :user_id)
AND (:token_id = 0 OR message.token_id = :token_id) AND (:door = '' OR message.door = :door)
ORDER BY message.id DESC LIMIT :most;

-- name: sends_of_organisation
SELECT message.id, message.organisation_id, message.submitted_at_ms, coalesce(token.organisation_id, app_user.organisation_id),
  message.user_id, message.token_id,
  coalesce(app_user.email, 'technician link ' || technician_link.id || ' (' || technician_link.description || ')'),
  coalesce(token.role, app_user.role), message.door, message.device_id, technician_sent.address
FROM message LEFT JOIN application_token AS token ON token.id = message.token_id
LEFT JOIN app_user ON app_user.id = coalesce(message.user_id, token.creator_id)
LEFT JOIN technician_sent ON technician_sent.message_id = message.id LEFT JOIN technician_link ON technician_link.id = technician_sent.link_id
WHERE message.organisation_id = :organisation_id AND (message.submitted_at_ms, message.id) < (:before_ms, :before_id) AND message.traffic_class = 'a2p_mt'
AND message.submitted_at_ms >= :from_ms AND message.submitted_at_ms < :until_ms
AND (:object_id = 0 OR message.id = :object_id) AND (:user_id = 0 OR message.user_id = :user_id)
AND (:token_id = 0 OR message.token_id = :token_id) AND (:door = '' OR message.door = :door)
ORDER BY message.submitted_at_ms DESC, message.id DESC LIMIT :most;
