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
-- By the last condition alone SQLite goes through all keys of an organisation: of a row that begins with a number it looks up no text.
DELETE FROM idempotency_key WHERE organisation_id IN (SELECT organisation_id FROM input)
  AND (route, key) IN (SELECT route, key FROM input) AND (organisation_id, route, key) IN (SELECT organisation_id, route, key FROM input);

-- name: delete_old
-- And those of the same millisecond as the last. Of a range with two ends PostgreSQL supposes that it is narrow.
DELETE FROM idempotency_key WHERE created_at_ms >= 0 AND created_at_ms <= (SELECT max(created_at_ms) FROM (
  SELECT created_at_ms FROM idempotency_key WHERE created_at_ms < :before ORDER BY created_at_ms LIMIT :most) AS old) RETURNING 1;
