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
  device.ip_address_space_id, device.created_at_ms, device.last_updated_at_ms, sim.id, sim.iccid, sim.imsi, sim.msisdn, sim.status_id,
  sim.number_space
FROM device JOIN service_profile ON service_profile.id = device.service_profile_id
JOIN tariff_profile ON tariff_profile.id = device.tariff_profile_id LEFT JOIN sim ON sim.device_id = device.id
WHERE device.id = :id AND device.deleted_at_ms IS NULL AND (:organisation_id = 0 OR device.organisation_id = :organisation_id);

-- name: list
SELECT device.id, device.organisation_id, device.name, device.tags, device.imei, device.imei_lock, device.status_id,
  device.service_profile_id, service_profile.name, device.tariff_profile_id, tariff_profile.name, device.ip_address,
  device.ip_address_space_id, device.created_at_ms, device.last_updated_at_ms, sim.id, sim.iccid, sim.imsi, sim.msisdn, sim.status_id,
  sim.number_space
FROM device
LEFT JOIN service_profile ON service_profile.id = device.service_profile_id
LEFT JOIN tariff_profile ON tariff_profile.id = device.tariff_profile_id
LEFT JOIN sim ON sim.device_id = device.id
WHERE device.deleted_at_ms IS NULL

-- part: list_if_id
AND device.id = :id

-- part: list_if_status
AND device.status_id = :status

-- part: list_if_service_profile
AND device.service_profile_id = :service_profile

-- part: list_if_tariff_profile
AND device.tariff_profile_id = :tariff_profile

-- part: list_if_sim_status
AND sim.status_id = :sim_status

-- part: list_if_sim
AND coalesce(sim.id, 0) = :sim

-- part: list_if_created_from
AND device.created_at_ms >= :created_from

-- part: list_if_created_until
AND device.created_at_ms < :created_until

-- part: list_if_last_updated_from
AND device.last_updated_at_ms >= :last_updated_from

-- part: list_if_last_updated_until
AND device.last_updated_at_ms < :last_updated_until

-- part: list_if_name
AND lower(device.name) LIKE lower(:name) ESCAPE '!'

-- part: list_if_tags
AND lower(device.tags) LIKE lower(:tags) ESCAPE '!'

-- part: list_if_ip_address
AND device.ip_address LIKE :ip_address ESCAPE '!'

-- part: list_if_imei
AND device.imei LIKE :imei ESCAPE '!'

-- part: list_if_iccid
AND sim.iccid LIKE :iccid ESCAPE '!'

-- part: list_if_imsi
AND sim.imsi LIKE :imsi ESCAPE '!'

-- part: list_if_msisdn
AND sim.msisdn LIKE :msisdn ESCAPE '!'

-- part: list_if_words
-- Letters stand in no number, so the SIM is not looked at.
AND lower(device.name || ' ' || coalesce(device.tags, '')) LIKE lower(:words) ESCAPE '!'

-- part: list_if_anything
AND (lower(device.name || ' ' || coalesce(device.tags, '') || ' ' || coalesce(device.imei, '')) LIKE lower(:anything) ESCAPE '!'
  OR sim.iccid || ' ' || coalesce(sim.imsi, '') || ' ' || coalesce(sim.msisdn, '') LIKE :anything ESCAPE '!')

-- part: list_if_tag
AND lower(',' || replace(device.tags, ', ', ',') || ',') LIKE lower(:tag) ESCAPE '!'

-- name: last_messages (device_id bigint)
-- The newest message of each, by the index of a device's messages.
SELECT message.device_id, message.id, message.direction, message.state, message.submitted_at_ms, message.payload, message.dcs,
  message.terms
FROM input JOIN message ON message.id = (SELECT max(latest.id) FROM message AS latest WHERE latest.device_id = input.device_id);

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
