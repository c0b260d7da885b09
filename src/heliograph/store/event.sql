-- name: of_device
SELECT event.organisation_id, organisation.name, event.number, event.type, event.at_ms, event.device_id, device.name AS device_name,
  device.imei, device.tags, device.ip_address, event.detail
FROM event JOIN organisation ON organisation.id = event.organisation_id LEFT JOIN device ON device.id = event.device_id
WHERE event.device_id = :id AND substr(event.type, 1, 4) <> 'sms.' AND (:organisation_id = 0 OR event.organisation_id = :organisation_id)
AND event.at_ms >= :from_ms AND event.at_ms < :until_ms AND (:types = '' OR :types LIKE '%|' || event.type || '|%')

-- name: of_organisation
SELECT event.organisation_id, organisation.name, event.number, event.type, event.at_ms, event.device_id, device.name AS device_name,
  device.imei, device.tags, device.ip_address, event.detail
FROM event JOIN organisation ON organisation.id = event.organisation_id LEFT JOIN device ON device.id = event.device_id
WHERE event.organisation_id = :id AND substr(event.type, 1, 4) <> 'sms.' AND (:organisation_id = 0 OR event.organisation_id = :organisation_id)
AND event.at_ms >= :from_ms AND event.at_ms < :until_ms AND (:types = '' OR :types LIKE '%|' || event.type || '|%')
