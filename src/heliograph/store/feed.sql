-- name: advance (organisation_id bigint, events bigint)
INSERT INTO feed (organisation_id, last_number)
SELECT organisation_id, events FROM input WHERE true ORDER BY organisation_id
ON CONFLICT (organisation_id) DO UPDATE SET last_number = feed.last_number + excluded.last_number;

-- name: insert (organisation_id bigint, before_last bigint, type text, at_ms bigint, device_id bigint, message_id bigint, detail text)
INSERT INTO event (organisation_id, number, type, at_ms, device_id, message_id, detail)
SELECT input.organisation_id, feed.last_number - before_last, type, at_ms, device_id, message_id, detail
FROM input JOIN feed ON feed.organisation_id = input.organisation_id;

-- name: positions
SELECT organisation_id, last_number FROM feed WHERE (:organisation_id = 0 OR organisation_id = :organisation_id) ORDER BY organisation_id;

-- name: sms_after (organisation_id bigint, number bigint)
SELECT event.organisation_id, event.number, event.type, event.at_ms, event.device_id, device.name AS device_name, event.message_id,
  message.direction, message.source, message.dest, message.payload, message.reason
FROM input JOIN event ON event.organisation_id = input.organisation_id AND event.number > input.number
JOIN message ON message.id = event.message_id LEFT JOIN device ON device.id = event.device_id
WHERE substr(event.type, 1, 4) = 'sms.'
ORDER BY event.organisation_id, event.number LIMIT :most;

-- name: heads (organisation_id bigint)
SELECT feed.organisation_id, feed.last_number AS number FROM input JOIN feed ON feed.organisation_id = input.organisation_id
ORDER BY feed.organisation_id;

-- name: page
SELECT event.organisation_id, event.number, event.type, event.at_ms, event.device_id, device.name AS device_name, device.tags,
  profile.api_callback_id AS policy_callback_id, event.detail, event.message_id, message.direction, message.traffic_class, message.door,
  message.callback_id, message.source, message.dest, message.payload, message.dcs, message.pid, message.segments, message.reason,
  message.reason_code, message.submitted_at_ms, message.final_at_ms
FROM event LEFT JOIN message ON message.id = event.message_id
LEFT JOIN device ON device.id = event.device_id LEFT JOIN service_profile AS profile ON profile.id = device.service_profile_id
WHERE event.organisation_id = :organisation_id AND event.number > :number ORDER BY event.number LIMIT :most;

-- The latest of a type among the last events.
-- name: latest
SELECT event.organisation_id, event.number, event.type, event.at_ms, event.device_id, device.name AS device_name, device.tags,
  profile.api_callback_id AS policy_callback_id, event.detail, event.message_id, message.direction, message.traffic_class, message.door,
  message.callback_id, message.source, message.dest, message.payload, message.dcs, message.pid, message.segments, message.reason,
  message.reason_code, message.submitted_at_ms, message.final_at_ms
FROM event LEFT JOIN message ON message.id = event.message_id
LEFT JOIN device ON device.id = event.device_id LEFT JOIN service_profile AS profile ON profile.id = device.service_profile_id
WHERE event.organisation_id = :organisation_id AND event.number > :after AND event.type = :type
AND (:device_id = 0 OR event.device_id = :device_id) AND (:policy_id = 0 OR device.service_profile_id = :policy_id)
AND (:tag = '' OR ',' || replace(lower(device.tags), ', ', ',') || ',' LIKE lower(:tag) ESCAPE '!')
ORDER BY event.number DESC LIMIT :most;
