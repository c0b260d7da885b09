-- name: insert
INSERT INTO portal_session (id, token_hash, user_id, organisation_id, created_at_ms, seen_at_ms, expires_at_ms, address, user_agent)
VALUES (:id, :token_hash, :user_id, :organisation_id, :now, :now, :expires_at_ms, :address, :user_agent);

-- name: by_hash
SELECT id, user_id, organisation_id, created_at_ms, seen_at_ms, expires_at_ms, address, user_agent FROM portal_session
WHERE token_hash = :token_hash;

-- name: of_user
SELECT id, user_id, organisation_id, created_at_ms, seen_at_ms, expires_at_ms, address, user_agent FROM portal_session
WHERE user_id = :user_id AND expires_at_ms > :now AND seen_at_ms > :idle_since ORDER BY seen_at_ms DESC, id DESC;

-- name: touch
UPDATE portal_session SET seen_at_ms = :now, address = :address WHERE id = :id AND seen_at_ms < :now;

-- name: move
UPDATE portal_session SET organisation_id = :organisation_id WHERE id = :id;

-- name: delete
DELETE FROM portal_session WHERE id = :id AND user_id = :user_id RETURNING id;

-- name: delete_of_user
DELETE FROM portal_session WHERE user_id = :user_id AND id <> :but;

-- name: delete_old
DELETE FROM portal_session WHERE id IN (
  SELECT id FROM portal_session WHERE expires_at_ms <= :now ORDER BY expires_at_ms LIMIT :most) RETURNING 1;
