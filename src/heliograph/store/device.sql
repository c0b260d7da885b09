-- name: insert
INSERT INTO device (id, organisation_id, name, tags, imei, imei_lock, status_id, service_profile_id, tariff_profile_id, ip_address,
  ip_address_space_id, created_at_ms, last_updated_at_ms)
VALUES (:id, :organisation_id, :name, :tags, :imei, :imei_lock, :status_id, :service_profile_id, :tariff_profile_id, :ip_address,
  :ip_address_space_id, :now, :now);

-- name: lock
SELECT id, organisation_id, name, tags, imei, imei_lock, status_id, service_profile_id, tariff_profile_id, ip_address, ip_address_space_id
FROM device WHERE id = :id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id) FOR NO KEY UPDATE;

-- name: of_ids (id bigint)
SELECT device.id, device.organisation_id, device.name, device.tags, device.imei, device.imei_lock, device.status_id,
  device.service_profile_id, device.tariff_profile_id, device.ip_address, device.ip_address_space_id
FROM input JOIN device ON device.id = input.id
WHERE device.deleted_at_ms IS NULL AND (:organisation_id = 0 OR device.organisation_id = :organisation_id);

-- name: update
UPDATE device SET name = :name, tags = :tags, imei = :imei, imei_lock = :imei_lock, status_id = :status_id,
  service_profile_id = :service_profile_id, tariff_profile_id = :tariff_profile_id, ip_address = :ip_address,
  ip_address_space_id = :ip_address_space_id, last_updated_at_ms = :now WHERE id = :id;

-- name: delete
UPDATE device SET status_id = 2, deleted_at_ms = :now, last_updated_at_ms = :now WHERE id = :id;

-- name: view
SELECT device.id, device.organisation_id, device.name, device.tags, device.imei, device.imei_lock, device.status_id,
  device.service_profile_id, service_profile.name, device.tariff_profile_id, tariff_profile.name, device.ip_address,
  device.ip_address_space_id, device.created_at_ms, device.last_updated_at_ms, sim.id, sim.iccid, sim.imsi, sim.msisdn, sim.status_id
FROM device JOIN service_profile ON service_profile.id = device.service_profile_id
JOIN tariff_profile ON tariff_profile.id = device.tariff_profile_id LEFT JOIN sim ON sim.device_id = device.id
WHERE device.id = :id AND device.deleted_at_ms IS NULL AND (:organisation_id = 0 OR device.organisation_id = :organisation_id);

-- name: list (id bigint, status bigint, service_profile bigint, tariff_profile bigint, sim_status bigint, sim bigint, created_from bigint, created_until bigint, last_updated_from bigint, last_updated_until bigint, name text, tags text, ip_address text, imei text, iccid text, imsi text, msisdn text)
SELECT device.id, device.organisation_id, device.name, device.tags, device.imei, device.imei_lock, device.status_id,
  device.service_profile_id, service_profile.name AS service_profile_name, device.tariff_profile_id,
  tariff_profile.name AS tariff_profile_name, device.ip_address, device.ip_address_space_id, device.created_at_ms,
  device.last_updated_at_ms, sim.id AS sim_id, sim.iccid, sim.imsi, sim.msisdn, sim.status_id AS sim_status_id
FROM input CROSS JOIN device JOIN service_profile ON service_profile.id = device.service_profile_id
JOIN tariff_profile ON tariff_profile.id = device.tariff_profile_id LEFT JOIN sim ON sim.device_id = device.id
WHERE device.deleted_at_ms IS NULL
AND (input.id IS NULL OR device.id = input.id)
AND (input.status IS NULL OR device.status_id = input.status)
AND (input.service_profile IS NULL OR device.service_profile_id = input.service_profile)
AND (input.tariff_profile IS NULL OR device.tariff_profile_id = input.tariff_profile)
AND (input.sim_status IS NULL OR sim.status_id = input.sim_status)
AND (input.sim IS NULL OR coalesce(sim.id, 0) = input.sim)
AND (input.created_from IS NULL OR device.created_at_ms >= input.created_from AND device.created_at_ms < input.created_until)
AND (input.last_updated_from IS NULL
  OR device.last_updated_at_ms >= input.last_updated_from AND device.last_updated_at_ms < input.last_updated_until)
AND (input.name IS NULL OR lower(device.name) LIKE lower(input.name) ESCAPE '!')
AND (input.tags IS NULL OR lower(device.tags) LIKE lower(input.tags) ESCAPE '!')
AND (input.ip_address IS NULL OR device.ip_address LIKE input.ip_address ESCAPE '!')
AND (input.imei IS NULL OR device.imei LIKE input.imei ESCAPE '!')
AND (input.iccid IS NULL OR sim.iccid LIKE input.iccid ESCAPE '!')
AND (input.imsi IS NULL OR sim.imsi LIKE input.imsi ESCAPE '!')
AND (input.msisdn IS NULL OR sim.msisdn LIKE input.msisdn ESCAPE '!');

-- name: last_heard
SELECT max(final_at_ms) FROM (SELECT state, final_at_ms FROM message WHERE device_id = :device_id ORDER BY id DESC LIMIT 100) AS latest
WHERE state = 4;

-- name: blacklist
SELECT operator_id FROM operator_blacklist WHERE device_id = :device_id ORDER BY operator_id;

-- name: blacklist_add
INSERT INTO operator_blacklist (device_id, operator_id, added_at_ms) VALUES (:device_id, :operator_id, :now)
ON CONFLICT (device_id, operator_id) DO NOTHING RETURNING operator_id;

-- name: blacklist_remove
DELETE FROM operator_blacklist WHERE device_id = :device_id AND operator_id = :operator_id RETURNING operator_id;
