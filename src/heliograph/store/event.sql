-- Rows of input are LIKE patterns: of each field that stands there, one must match. One row, of field '', matches always.
-- name: of_device (field text, pattern text)
SELECT event.organisation_id, organisation.name AS organisation_name, event.number, event.type, event.at_ms, event.device_id,
  device.name AS device_name, device.imei, device.tags, device.ip_address, event.detail
FROM event LEFT JOIN organisation ON organisation.id = event.organisation_id LEFT JOIN device ON device.id = event.device_id
WHERE event.device_id = :id AND (:organisation_id = 0 OR event.organisation_id = :organisation_id) AND substr(event.type, 1, 4) <> 'sms.'
AND event.at_ms >= :from_ms AND event.at_ms < :until_ms AND (:types = '' OR :types LIKE '%|' || event.type || '|%')
AND (SELECT count(DISTINCT input.field) FROM input WHERE lower(CASE input.field
  WHEN 'endpoint' THEN device.name WHEN 'tags' THEN device.tags WHEN 'ip_address' THEN device.ip_address WHEN 'imei' THEN device.imei
  WHEN 'organisation' THEN organisation.name WHEN 'iccid' THEN event.detail WHEN 'imsi' THEN event.detail
  WHEN 'user' THEN event.detail WHEN 'sim' THEN event.detail ELSE '' END) LIKE lower(input.pattern) ESCAPE '!') = :fields

-- name: of_organisation (field text, pattern text)
SELECT event.organisation_id, organisation.name AS organisation_name, event.number, event.type, event.at_ms, event.device_id,
  device.name AS device_name, device.imei, device.tags, device.ip_address, event.detail
FROM event LEFT JOIN organisation ON organisation.id = event.organisation_id LEFT JOIN device ON device.id = event.device_id
WHERE event.organisation_id = :id AND substr(event.type, 1, 4) <> 'sms.'
AND event.at_ms >= :from_ms AND event.at_ms < :until_ms AND (:types = '' OR :types LIKE '%|' || event.type || '|%')
AND (SELECT count(DISTINCT input.field) FROM input WHERE lower(CASE input.field
  WHEN 'endpoint' THEN device.name WHEN 'tags' THEN device.tags WHEN 'ip_address' THEN device.ip_address WHEN 'imei' THEN device.imei
  WHEN 'organisation' THEN organisation.name WHEN 'iccid' THEN event.detail WHEN 'imsi' THEN event.detail
  WHEN 'user' THEN event.detail WHEN 'sim' THEN event.detail ELSE '' END) LIKE lower(input.pattern) ESCAPE '!') = :fields

-- name: of_all (field text, pattern text)
SELECT event.organisation_id, organisation.name AS organisation_name, event.number, event.type, event.at_ms, event.device_id,
  device.name AS device_name, device.imei, device.tags, device.ip_address, event.detail
FROM event LEFT JOIN organisation ON organisation.id = event.organisation_id LEFT JOIN device ON device.id = event.device_id
WHERE substr(event.type, 1, 4) <> 'sms.'
AND event.at_ms >= :from_ms AND event.at_ms < :until_ms AND (:types = '' OR :types LIKE '%|' || event.type || '|%')
AND (SELECT count(DISTINCT input.field) FROM input WHERE lower(CASE input.field
  WHEN 'endpoint' THEN device.name WHEN 'tags' THEN device.tags WHEN 'ip_address' THEN device.ip_address WHEN 'imei' THEN device.imei
  WHEN 'organisation' THEN organisation.name WHEN 'iccid' THEN event.detail WHEN 'imsi' THEN event.detail
  WHEN 'user' THEN event.detail WHEN 'sim' THEN event.detail ELSE '' END) LIKE lower(input.pattern) ESCAPE '!') = :fields
