-- name: insert
INSERT INTO smpp_account (system_id, organisation_id, policy_id, password_hash, settings, created_at_ms, password_at_ms)
VALUES (:system_id, :organisation_id, :policy_id, :password_hash, :settings, :now, :now) ON CONFLICT (system_id) DO NOTHING RETURNING system_id;

-- name: account
SELECT smpp_account.system_id, smpp_account.organisation_id, organisation.name, smpp_account.policy_id, smpp_account.password_hash,
  smpp_account.settings, smpp_account.created_at_ms, smpp_account.password_at_ms, smpp_account.disabled_at_ms
FROM smpp_account JOIN organisation ON organisation.id = smpp_account.organisation_id
WHERE smpp_account.system_id = :system_id AND organisation.deleted_at_ms IS NULL
  AND (:organisation_id = 0 OR smpp_account.organisation_id = :organisation_id);

-- name: accounts
SELECT smpp_account.system_id, smpp_account.organisation_id, organisation.name, smpp_account.policy_id, smpp_account.password_hash,
  smpp_account.settings, smpp_account.created_at_ms, smpp_account.password_at_ms, smpp_account.disabled_at_ms
FROM smpp_account JOIN organisation ON organisation.id = smpp_account.organisation_id
WHERE organisation.deleted_at_ms IS NULL AND (:organisation_id = 0 OR smpp_account.organisation_id = :organisation_id)
ORDER BY smpp_account.organisation_id, smpp_account.policy_id, smpp_account.system_id;

-- name: lock
SELECT system_id FROM smpp_account WHERE system_id = :system_id FOR UPDATE;

-- name: update
UPDATE smpp_account SET settings = :settings, disabled_at_ms = :disabled_at_ms WHERE system_id = :system_id;

-- name: set_password
UPDATE smpp_account SET password_hash = :password_hash, password_at_ms = :now WHERE system_id = :system_id;

-- name: delete
DELETE FROM smpp_account WHERE system_id = :system_id;

-- name: delete_of_policy
DELETE FROM smpp_account WHERE policy_id = :policy_id;

-- name: insert_session
INSERT INTO smpp_session (id, system_id, node_id, bind, version, address, tls, bound_at_ms)
VALUES (:id, :system_id, :node_id, :bind, :version, :address, :tls, :now);

-- name: note_sessions (id bigint, submits bigint, delivers bigint, submits_a_minute bigint, delivers_a_minute bigint, unanswered bigint, owed bigint)
UPDATE smpp_session SET submits = input.submits, delivers = input.delivers, submits_a_minute = input.submits_a_minute,
  delivers_a_minute = input.delivers_a_minute, unanswered = input.unanswered, owed = input.owed
FROM input WHERE smpp_session.id = input.id;

-- name: waiting
SELECT count(*) FROM (SELECT 1 AS one FROM notification WHERE account = :account AND due_at_ms IS NOT NULL LIMIT :most) AS first;

-- name: count_sessions
SELECT count(*) FROM smpp_session WHERE system_id = :system_id;

-- name: delete_sessions (id bigint)
DELETE FROM smpp_session WHERE id IN (SELECT id FROM input);

-- name: delete_sessions_of_node
DELETE FROM smpp_session WHERE node_id = :node_id;

-- name: sessions
SELECT smpp_session.id, smpp_session.system_id, smpp_session.node_id, smpp_session.bind, smpp_session.version, smpp_session.address,
  smpp_session.tls, smpp_session.bound_at_ms, smpp_session.submits, smpp_session.delivers, smpp_session.submits_a_minute,
  smpp_session.delivers_a_minute, smpp_session.unanswered, smpp_session.owed
FROM smpp_session JOIN smpp_account ON smpp_account.system_id = smpp_session.system_id
WHERE :organisation_id = 0 OR smpp_account.organisation_id = :organisation_id ORDER BY smpp_session.system_id, smpp_session.id;

-- name: alerted (device_id bigint)
-- The account of the device's policy, else the organisation's.
SELECT account.system_id, account.organisation_id, coalesce(sim.msisdn, sim.imsi, '') AS number
FROM input JOIN device ON device.id = input.device_id
JOIN lane ON lane.device_id = device.id AND lane.ladder_step > 0
JOIN sim ON sim.device_id = device.id
JOIN smpp_account AS account ON account.policy_id = device.service_profile_id
  OR (account.policy_id IS NULL AND account.organisation_id = device.organisation_id
    AND NOT EXISTS (SELECT 1 FROM smpp_account AS own WHERE own.policy_id = device.service_profile_id))
WHERE account.settings LIKE '%"alerts":true%' ORDER BY device.id;

-- name: old_alerts
SELECT id FROM notification WHERE type = 'device.alert' AND final_at_ms < :before ORDER BY id LIMIT :most;

-- name: delete_alert_attempts (id bigint)
DELETE FROM delivery_attempt WHERE notification_id IN (SELECT id FROM input);

-- name: delete_alerts (id bigint)
DELETE FROM notification WHERE id IN (SELECT id FROM input);
