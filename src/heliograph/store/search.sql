-- name: found
-- What a list shows; its conditions and its order are appended (store/search.py). What few messages have is looked up, not joined: a plan
-- made while those tables were empty would go through all of them for each message.
SELECT message.id, message.organisation_id, message.device_id, device.name AS device_name, message.sim_id, sim.iccid, sim.msisdn, sim.imsi,
  message.direction, message.source, message.source_type, message.dest, message.payload, message.dcs, message.pid, message.udh,
  message.state, message.reason, message.reason_code, message.submitted_at_ms, message.expiry_at_ms, message.final_at_ms,
  message.retry_at_ms, message.last_attempt_at_ms, message.attempts, message.retries, message.traffic_class, message.door,
  message.segments, message.segment_states, coalesce(profile.esme_interface_type_id, 1) AS interface_type_id, lane.taken_epoch,
  lane.head_seq, message.lane_seq, message.note, message.link_id, link.name AS link_name, message.user_id, message.token_id,
  message.peer_id, message.cancel_requested_at_ms,
  (SELECT scheduled.scheduled_at_ms FROM scheduled WHERE scheduled.message_id = message.id) AS scheduled_at_ms,
  (SELECT scheduled.due_at_ms FROM scheduled WHERE scheduled.message_id = message.id) AS due_at_ms,
  (SELECT resent.resend_of FROM resent WHERE resent.message_id = message.id) AS resend_of,
  message.terms
FROM message
LEFT JOIN device ON device.id = message.device_id
LEFT JOIN service_profile AS profile ON profile.id = device.service_profile_id
LEFT JOIN sim ON sim.id = message.sim_id
LEFT JOIN lane ON lane.id = message.lane_id
LEFT JOIN link ON link.id = message.link_id

-- part: one
WHERE message.id = :id AND (:organisation_id = 0 OR message.organisation_id = :organisation_id)

-- part: in_organisation
WHERE message.organisation_id = :organisation_id AND (message.submitted_at_ms, message.id) < (:at_ms, :id)
  AND (message.submitted_at_ms, message.id) >= (:low_at_ms, :low_id)

-- part: in_organisation_order
ORDER BY message.submitted_at_ms DESC, message.id DESC LIMIT :most

-- name: in_organisation_last
-- The last message that a step looks at.
SELECT message.submitted_at_ms, message.id FROM message
WHERE message.organisation_id = :organisation_id AND (message.submitted_at_ms, message.id) < (:at_ms, :id)
  AND message.submitted_at_ms >= :from_ms
ORDER BY message.submitted_at_ms DESC, message.id DESC LIMIT 1 OFFSET :passed

-- part: chosen
WHERE message.id IN (SELECT id FROM input)

-- part: chosen_order
ORDER BY message.submitted_at_ms DESC, message.id DESC LIMIT :most

-- part: of_device
WHERE message.device_id = :device_id AND message.id < :id AND message.id >= :low_id
  AND (:organisation_id = 0 OR message.organisation_id = :organisation_id)
  AND message.submitted_at_ms < :until_ms AND message.submitted_at_ms >= :from_ms

-- part: of_device_order
ORDER BY message.id DESC LIMIT :most

-- name: of_device_last
SELECT message.submitted_at_ms, message.id FROM message WHERE message.device_id = :device_id AND message.id < :id
ORDER BY message.id DESC LIMIT 1 OFFSET :passed

-- part: if_direction
AND message.direction = :direction

-- part: if_traffic_class
AND message.traffic_class = :traffic_class

-- part: if_states
-- IN PROGRESS is derived: the head of a lane that is taken. Its lane is looked at only where it may be one.
AND :states LIKE '%|' || CAST(CASE WHEN message.state < 4 AND EXISTS (SELECT 1 FROM lane AS own WHERE own.id = message.lane_id
  AND own.taken_epoch IS NOT NULL AND own.head_seq = message.lane_seq) THEN 2 ELSE message.state END AS TEXT) || '|%'

-- part: if_tag
AND lower(',' || replace(device.tags, ', ', ',') || ',') LIKE lower(:tag) ESCAPE '!'

-- part: if_text
AND lower(message.payload) LIKE lower(:text) ESCAPE '!'
