-- name: hold (device_id bigint)
SELECT quota.device_id, quota.volume, quota.expiry_at_ms, quota.threshold_percentage, quota.auto_refill, quota.last_volume_added,
  quota.since_ms, quota.status_changed_at_ms, quota.told
FROM input JOIN sms_quota AS quota ON quota.device_id = input.device_id ORDER BY quota.device_id FOR UPDATE OF quota;

-- name: peek (device_id bigint)
SELECT quota.device_id, quota.volume, quota.expiry_at_ms, quota.threshold_percentage, quota.auto_refill, quota.last_volume_added,
  quota.since_ms, quota.status_changed_at_ms, quota.told
FROM input JOIN sms_quota AS quota ON quota.device_id = input.device_id;

-- name: save (device_id bigint, volume bigint, expiry_at_ms bigint, threshold_percentage bigint, auto_refill bigint, last_volume_added bigint, since_ms bigint, status_changed_at_ms bigint, told bigint)
INSERT INTO sms_quota (device_id, volume, expiry_at_ms, threshold_percentage, auto_refill, last_volume_added, since_ms,
  status_changed_at_ms, told)
SELECT device_id, volume, expiry_at_ms, threshold_percentage, auto_refill, last_volume_added, since_ms, status_changed_at_ms, told
FROM input WHERE true ORDER BY device_id
ON CONFLICT (device_id) DO UPDATE SET volume = excluded.volume, expiry_at_ms = excluded.expiry_at_ms,
  threshold_percentage = excluded.threshold_percentage, auto_refill = excluded.auto_refill,
  last_volume_added = excluded.last_volume_added, since_ms = excluded.since_ms, status_changed_at_ms = excluded.status_changed_at_ms,
  told = excluded.told;

-- name: give_back (device_id bigint, since_ms bigint, segments bigint)
-- A volume that was given since is not what they were taken from.
UPDATE sms_quota SET volume = volume + input.segments FROM input
WHERE sms_quota.device_id = input.device_id AND sms_quota.since_ms = input.since_ms;

-- name: delete (device_id bigint)
DELETE FROM sms_quota WHERE device_id IN (SELECT device_id FROM input) RETURNING device_id;

-- name: devices_of_policy
SELECT id FROM device WHERE service_profile_id = :policy_id AND deleted_at_ms IS NULL ORDER BY id;
