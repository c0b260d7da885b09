-- name: insert
INSERT INTO sim (id, organisation_id, iccid, imsi, msisdn, status_id, bic, model, production_at_ms, activation_at_ms)
VALUES (:id, :organisation_id, :iccid, :imsi, :msisdn, :status_id, :bic, :model, :now, :activation_at_ms)
ON CONFLICT DO NOTHING RETURNING id;

-- name: lock
SELECT id, organisation_id, iccid, imsi, msisdn, status_id, device_id, bic, model, activation_at_ms
FROM sim WHERE id = :id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id) FOR NO KEY UPDATE;

-- name: lock_of_device
SELECT id, organisation_id, iccid, imsi, msisdn, status_id, device_id, bic, model, activation_at_ms
FROM sim WHERE device_id = :device_id FOR NO KEY UPDATE;

-- name: of_ids (id bigint)
SELECT sim.id, sim.organisation_id, sim.iccid, sim.imsi, sim.msisdn, sim.status_id, sim.device_id, sim.bic, sim.model, sim.activation_at_ms
FROM input JOIN sim ON sim.id = input.id
WHERE sim.deleted_at_ms IS NULL AND (:organisation_id = 0 OR sim.organisation_id = :organisation_id);

-- name: lock_batch
SELECT id, organisation_id, iccid, imsi, msisdn, status_id, device_id, bic, model, activation_at_ms
FROM sim WHERE bic = :bic AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id)
ORDER BY id FOR NO KEY UPDATE;

-- name: update
UPDATE sim SET organisation_id = :organisation_id, imsi = :imsi, msisdn = :msisdn, status_id = :status_id, device_id = :device_id,
  activation_at_ms = :activation_at_ms WHERE id = :id;

-- name: delete
UPDATE sim SET status_id = 3, deleted_at_ms = :now WHERE id = :id;

-- name: by_iccid
SELECT id FROM sim WHERE iccid = :iccid AND deleted_at_ms IS NULL;

-- name: owned_numbers (number text)
SELECT sim_number.number FROM input JOIN sim_number ON sim_number.number = input.number AND sim_number.number_space = '';

-- name: numbers
SELECT number, kind FROM sim_number WHERE sim_id = :sim_id ORDER BY kind, number;

-- name: add_number
INSERT INTO sim_number (number, number_space, kind, sim_id) VALUES (:number, '', :kind, :sim_id)
ON CONFLICT (number, number_space) DO NOTHING RETURNING number;

-- name: delete_numbers
DELETE FROM sim_number WHERE sim_id = :sim_id;

-- name: list (id bigint, organisation bigint, status bigint, endpoint bigint, production_date_from bigint, production_date_until bigint, iccid text, imsi text, msisdn text, model text, bic text)
SELECT sim.id, sim.organisation_id, organisation.name AS organisation_name, sim.iccid, sim.imsi, sim.msisdn, sim.status_id, sim.bic,
  sim.model, sim.production_at_ms, sim.activation_at_ms, device.id AS device_id, device.name AS device_name, device.imei AS device_imei,
  device.tags AS device_tags, device.ip_address AS device_ip_address, device.ip_address_space_id, device.service_profile_id,
  device.tariff_profile_id, device.created_at_ms, device.last_updated_at_ms
FROM input CROSS JOIN sim JOIN organisation ON organisation.id = sim.organisation_id LEFT JOIN device ON device.id = sim.device_id
WHERE sim.deleted_at_ms IS NULL
AND (input.id IS NULL OR sim.id = input.id)
AND (input.organisation IS NULL OR sim.organisation_id = input.organisation)
AND (input.status IS NULL OR sim.status_id = input.status)
AND (input.endpoint IS NULL OR coalesce(sim.device_id, 0) = input.endpoint)
AND (input.production_date_from IS NULL
  OR sim.production_at_ms >= input.production_date_from AND sim.production_at_ms < input.production_date_until)
AND (input.iccid IS NULL OR sim.iccid LIKE input.iccid ESCAPE '!')
AND (input.imsi IS NULL OR sim.imsi LIKE input.imsi ESCAPE '!')
AND (input.msisdn IS NULL OR sim.msisdn LIKE input.msisdn ESCAPE '!')
AND (input.model IS NULL OR lower(sim.model) LIKE lower(input.model) ESCAPE '!')
AND (input.bic IS NULL OR sim.bic = input.bic);
