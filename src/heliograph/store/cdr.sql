-- name: begin
INSERT INTO cdr (id, next_day, claimed_by) VALUES (1, :today, NULL) ON CONFLICT (id) DO NOTHING;

-- name: next
SELECT next_day FROM cdr WHERE id = 1;

-- name: claim
UPDATE cdr SET claimed_by = :node WHERE id = 1 AND next_day = :day
AND (claimed_by IS NULL OR claimed_by = :node OR claimed_by IN (SELECT id FROM node WHERE stopped_at_ms IS NOT NULL)) RETURNING next_day;

-- name: release
UPDATE cdr SET claimed_by = NULL, next_day = :next_day WHERE id = 1 AND claimed_by = :node AND next_day = :day RETURNING next_day;

-- name: feeds
-- Of each organisation: after which number of its feed nothing is in a file yet, and behind its last.
SELECT feed.organisation_id, coalesce(cdr_cursor.last_number, 0), feed.last_number + 1
FROM feed LEFT JOIN cdr_cursor ON cdr_cursor.organisation_id = feed.organisation_id ORDER BY feed.organisation_id;

-- name: first_from
SELECT number, at_ms FROM event WHERE organisation_id = :organisation_id AND number >= :from_number AND number < :before
ORDER BY number LIMIT 1;

-- name: lines
-- What an MT that ended before a first submit would have used was given back; an MO that was refused has another event.
SELECT event.number, message.organisation_id, message.device_id, sim.iccid, message.direction, message.traffic_class, link.name,
  message.state, message.id, message.segments, message.submitted_at_ms, message.final_at_ms
FROM event JOIN message ON message.id = event.message_id
LEFT JOIN sim ON sim.id = message.sim_id LEFT JOIN link ON link.id = message.link_id
WHERE event.organisation_id = :organisation_id AND event.number > :after AND event.number < :before
AND event.type IN ('sms.received', 'sms.delivered', 'sms.failed', 'sms.expired', 'sms.canceled')
AND message.device_id IS NOT NULL AND (event.type = 'sms.received' OR message.attempts > 0)
ORDER BY event.number LIMIT :most;

-- name: advance (organisation_id bigint, last_number bigint)
INSERT INTO cdr_cursor (organisation_id, last_number) SELECT organisation_id, last_number FROM input WHERE true
ON CONFLICT (organisation_id) DO UPDATE SET last_number = excluded.last_number;
