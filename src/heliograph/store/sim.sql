-- name: insert
INSERT INTO sim (id, organisation_id, iccid, imsi, msisdn, status_id, bic, model, production_at_ms, activation_at_ms, number_space)
VALUES (:id, :organisation_id, :iccid, :imsi, :msisdn, :status_id, :bic, :model, :production_at_ms, :activation_at_ms, :number_space)
ON CONFLICT DO NOTHING RETURNING id;

-- name: lock
SELECT id, organisation_id, iccid, imsi, msisdn, status_id, device_id, bic, model, activation_at_ms, number_space, production_at_ms
FROM sim WHERE id = :id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id) FOR NO KEY UPDATE;

-- name: lock_of_device
SELECT id, organisation_id, iccid, imsi, msisdn, status_id, device_id, bic, model, activation_at_ms, number_space, production_at_ms
FROM sim WHERE device_id = :device_id FOR NO KEY UPDATE;

-- name: of_ids (id bigint)
SELECT sim.id, sim.organisation_id, sim.iccid, sim.imsi, sim.msisdn, sim.status_id, sim.device_id, sim.bic, sim.model, sim.activation_at_ms,
  sim.number_space, sim.production_at_ms
FROM input JOIN sim ON sim.id = input.id
WHERE sim.deleted_at_ms IS NULL AND (:organisation_id = 0 OR sim.organisation_id = :organisation_id);

-- name: lock_batch
SELECT id, organisation_id, iccid, imsi, msisdn, status_id, device_id, bic, model, activation_at_ms, number_space, production_at_ms
FROM sim WHERE bic = :bic AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id)
ORDER BY id FOR NO KEY UPDATE;

-- name: update
UPDATE sim SET organisation_id = :organisation_id, imsi = :imsi, msisdn = :msisdn, status_id = :status_id, device_id = :device_id,
  activation_at_ms = :activation_at_ms, number_space = :number_space WHERE id = :id;

-- name: delete
UPDATE sim SET status_id = 3, deleted_at_ms = :now WHERE id = :id;

-- name: by_iccid
SELECT id FROM sim WHERE iccid = :iccid AND number_space = :number_space AND id <> :but AND deleted_at_ms IS NULL;

-- name: owned_numbers (number text)
SELECT sim_number.number FROM input JOIN sim_number ON sim_number.number = input.number AND sim_number.number_space = :number_space;

-- name: numbers
SELECT number, kind FROM sim_number WHERE sim_id = :sim_id ORDER BY kind, number;

-- name: add_number
INSERT INTO sim_number (number, number_space, kind, sim_id) VALUES (:number, :number_space, :kind, :sim_id)
ON CONFLICT (number, number_space) DO NOTHING RETURNING number;

-- name: delete_numbers
DELETE FROM sim_number WHERE sim_id = :sim_id;

-- name: list
SELECT sim.id, sim.organisation_id, organisation.name, sim.iccid, sim.imsi, sim.msisdn, sim.status_id, sim.bic, sim.model,
  sim.production_at_ms, sim.activation_at_ms, device.id, device.name, device.imei, device.tags, device.ip_address,
  device.ip_address_space_id, device.service_profile_id, device.tariff_profile_id, device.created_at_ms, device.last_updated_at_ms,
  sim.number_space
FROM sim
LEFT JOIN organisation ON organisation.id = sim.organisation_id
LEFT JOIN device ON device.id = sim.device_id
WHERE sim.deleted_at_ms IS NULL

-- part: list_if_id
AND sim.id = :id

-- part: list_if_organisation
AND sim.organisation_id = :organisation

-- part: list_if_status
AND sim.status_id = :status

-- part: list_if_endpoint
AND coalesce(sim.device_id, 0) = :endpoint

-- part: list_if_production_date_from
AND sim.production_at_ms >= :production_date_from

-- part: list_if_production_date_until
AND sim.production_at_ms < :production_date_until

-- part: list_if_iccid
AND sim.iccid LIKE :iccid ESCAPE '!'

-- part: list_if_imsi
AND sim.imsi LIKE :imsi ESCAPE '!'

-- part: list_if_msisdn
AND sim.msisdn LIKE :msisdn ESCAPE '!'

-- part: list_if_model
AND lower(sim.model) LIKE lower(:model) ESCAPE '!'

-- part: list_if_number_space
AND sim.number_space = :number_space

-- part: list_if_bic
AND sim.bic = :bic

-- name: aliases_of (id bigint)
SELECT sim_number.sim_id, sim_number.number FROM input JOIN sim_number ON sim_number.sim_id = input.id
WHERE sim_number.kind = 'alias' ORDER BY sim_number.sim_id, sim_number.number;
