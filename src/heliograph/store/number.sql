-- name: known (number text, number_space text)
SELECT input.number, input.number_space, sim_number.kind, sim.device_id, profile.settings, profile.api_callback_id AS callback_id
FROM input JOIN sim_number ON sim_number.number = input.number AND sim_number.number_space = input.number_space
JOIN sim ON sim.id = sim_number.sim_id JOIN device ON device.id = sim.device_id
JOIN service_profile AS profile ON profile.id = device.service_profile_id;

-- name: owned (number text)
-- In whatever number space: an application has devices, and knows no spaces.
SELECT input.number, sim_number.kind, sim.device_id, device.organisation_id, device.service_profile_id
FROM input JOIN sim_number ON sim_number.number = input.number
JOIN sim ON sim.id = sim_number.sim_id JOIN device ON device.id = sim.device_id;

-- name: by_number
SELECT sim.device_id FROM sim_number JOIN sim ON sim.id = sim_number.sim_id
WHERE sim_number.number = :number AND sim_number.number_space = :number_space AND sim.device_id IS NOT NULL;

-- name: numbers_of_device
SELECT sim.msisdn, sim.imsi, sim.number_space FROM device LEFT JOIN sim ON sim.device_id = device.id
WHERE device.id = :device_id AND device.deleted_at_ms IS NULL AND (:organisation_id = 0 OR device.organisation_id = :organisation_id);
