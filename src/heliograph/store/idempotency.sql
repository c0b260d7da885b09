-- name: claim (organisation_id bigint, route text, key text, fingerprint text, answer text)
INSERT INTO idempotency_key (organisation_id, route, key, fingerprint, answer, created_at_ms)
SELECT organisation_id, route, key, fingerprint, answer, :now FROM input WHERE true ORDER BY organisation_id, route, key
ON CONFLICT (organisation_id, route, key) DO NOTHING RETURNING organisation_id, route, key;

-- name: find (organisation_id bigint, route text, key text)
SELECT kept.organisation_id, kept.route, kept.key, kept.fingerprint, kept.answer
FROM input JOIN idempotency_key AS kept
  ON kept.organisation_id = input.organisation_id AND kept.route = input.route AND kept.key = input.key;

-- name: keep
UPDATE idempotency_key SET answer = :answer WHERE organisation_id = :organisation_id AND route = :route AND key = :key;

-- name: give_back (organisation_id bigint, route text, key text)
DELETE FROM idempotency_key WHERE (organisation_id, route, key) IN (SELECT organisation_id, route, key FROM input);

-- name: delete_old
DELETE FROM idempotency_key WHERE (organisation_id, route, key) IN (
  SELECT organisation_id, route, key FROM idempotency_key WHERE created_at_ms < :before ORDER BY created_at_ms LIMIT :most) RETURNING 1;
