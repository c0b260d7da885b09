-- name: note (system_id text, request text, reason text, address text, command_status bigint, detail text, count bigint, first_at_ms bigint, last_at_ms bigint)
INSERT INTO smpp_refusal (system_id, request, reason, address, command_status, detail, count, first_at_ms, last_at_ms)
SELECT system_id, request, reason, address, command_status, detail, count, first_at_ms, last_at_ms FROM input
WHERE true ORDER BY system_id, request, reason, address
ON CONFLICT (system_id, request, reason, address) DO UPDATE SET command_status = excluded.command_status, detail = excluded.detail,
  count = smpp_refusal.count + excluded.count, last_at_ms = excluded.last_at_ms;

-- name: prune
-- What another process adds to at this moment is the latest there is, and to wait for it may be to wait for one that waits for us.
DELETE FROM smpp_refusal WHERE system_id = :system_id AND (request, reason, address) IN (
  SELECT request, reason, address FROM smpp_refusal WHERE system_id = :system_id AND (request, reason, address) NOT IN (
    SELECT request, reason, address FROM smpp_refusal WHERE system_id = :system_id ORDER BY last_at_ms DESC, reason, address LIMIT :most)
  FOR UPDATE SKIP LOCKED);

-- name: forget_old
DELETE FROM smpp_refusal WHERE (system_id, request, reason, address) IN (
  SELECT system_id, request, reason, address FROM smpp_refusal WHERE last_at_ms < :before FOR UPDATE SKIP LOCKED);

-- name: forget
DELETE FROM smpp_refusal WHERE system_id = :system_id;

-- name: forget_of_policy
DELETE FROM smpp_refusal WHERE system_id IN (SELECT system_id FROM smpp_account WHERE policy_id = :policy_id);

-- name: refusals
SELECT smpp_refusal.system_id, smpp_refusal.request, smpp_refusal.reason, smpp_refusal.address, smpp_refusal.command_status,
  smpp_refusal.detail, smpp_refusal.count, smpp_refusal.first_at_ms, smpp_refusal.last_at_ms
FROM smpp_refusal LEFT JOIN smpp_account ON smpp_account.system_id = smpp_refusal.system_id
WHERE (:organisation_id = 0 OR smpp_account.organisation_id = :organisation_id)
ORDER BY smpp_refusal.last_at_ms DESC, smpp_refusal.system_id, smpp_refusal.reason, smpp_refusal.address LIMIT :most;

-- name: refusals_of
SELECT system_id, request, reason, address, command_status, detail, count, first_at_ms, last_at_ms
FROM smpp_refusal WHERE system_id = :system_id ORDER BY last_at_ms DESC, reason, address;
