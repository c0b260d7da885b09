-- name: of_device
SELECT event.organisation_id, organisation.name, event.number, event.type, event.at_ms, event.device_id, device.name, device.imei,
  device.tags, device.ip_address, event.detail
FROM event JOIN organisation ON organisation.id = event.organisation_id LEFT JOIN device ON device.id = event.device_id
WHERE event.device_id = :device_id AND substr(event.type, 1, 4) <> 'sms.'
AND (:organisation_id = 0 OR event.organisation_id = :organisation_id)
ORDER BY event.number DESC LIMIT :most OFFSET :skipped;

-- name: count_of_device
SELECT count(*) FROM event WHERE device_id = :device_id AND substr(type, 1, 4) <> 'sms.'
AND (:organisation_id = 0 OR organisation_id = :organisation_id);

-- name: of_organisation
SELECT event.organisation_id, organisation.name, event.number, event.type, event.at_ms, event.device_id, device.name, device.imei,
  device.tags, device.ip_address, event.detail
FROM event JOIN organisation ON organisation.id = event.organisation_id LEFT JOIN device ON device.id = event.device_id
WHERE event.organisation_id = :organisation_id AND substr(event.type, 1, 4) <> 'sms.'
ORDER BY event.number DESC LIMIT :most OFFSET :skipped;

-- name: count_of_organisation
SELECT count(*) FROM event WHERE organisation_id = :organisation_id AND substr(type, 1, 4) <> 'sms.';
