-- name: advance (organisation_id bigint, events bigint)
INSERT INTO feed (organisation_id, last_number)
SELECT organisation_id, events FROM input WHERE true ORDER BY organisation_id
ON CONFLICT (organisation_id) DO UPDATE SET last_number = feed.last_number + excluded.last_number
RETURNING organisation_id, last_number;

-- name: insert (organisation_id bigint, number bigint, type text, at_ms bigint, device_id bigint, message_id bigint, detail text)
INSERT INTO event (organisation_id, number, type, at_ms, device_id, message_id, detail)
SELECT organisation_id, number, type, at_ms, device_id, message_id, detail FROM input;
