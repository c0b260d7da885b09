-- name: devices
-- tag '', service_profile_id 0: whatever it is.
SELECT device.id FROM device WHERE device.organisation_id = :organisation_id AND device.deleted_at_ms IS NULL
AND (:tag = '' OR lower(',' || replace(device.tags, ', ', ',') || ',') LIKE lower(:tag) ESCAPE '!')
AND (:service_profile_id = 0 OR device.service_profile_id = :service_profile_id)
ORDER BY device.id LIMIT :most;
