-- name: insert (id bigint, organisation_id bigint, device_id bigint, sim_id bigint, direction bigint, traffic_class text, lane_id bigint, lane_seq bigint, link_id bigint, door text, user_id bigint, token_id bigint, source text, source_type bigint, dest text, payload text, dcs bigint, pid bigint, udh text, segments bigint, segment_states text, state bigint, reason text, reason_code text, submitted_at_ms bigint, expiry_at_ms bigint, final_at_ms bigint, callback_id bigint, secret_id bigint, peer_id bigint, note text, user_data text, terms text)
INSERT INTO message (id, organisation_id, device_id, sim_id, direction, traffic_class, lane_id, lane_seq, link_id, door, user_id, token_id,
  source, source_type, dest, payload, dcs, pid, udh, segments, segment_states, state, reason, reason_code, submitted_at_ms,
  expiry_at_ms, final_at_ms, callback_id, secret_id, peer_id, note, user_data, terms)
SELECT id, organisation_id, device_id, sim_id, direction, traffic_class, lane_id, lane_seq, link_id, door, user_id, token_id,
  source, source_type, dest, payload, dcs, pid, udh, segments, segment_states, state, reason, reason_code, submitted_at_ms,
  expiry_at_ms, final_at_ms, callback_id, secret_id, peer_id, note, user_data, terms FROM input;

-- name: parties (position bigint, device_id bigint, organisation_id bigint)
-- organisation_id 0: any, for the operator.
SELECT input.position, device.id AS device_id, device.organisation_id, device.name, device.status_id, device.deleted_at_ms,
  sim.id AS sim_id, sim.status_id AS sim_status_id, sim.msisdn, sim.imsi,
  profile.id AS policy_id, profile.mt, profile.mo, profile.sms_a2p, profile.sms_p2p_int, profile.sms_p2p_ext,
  profile.esme_interface_type_id, profile.api_callback_id, profile.api_secret_id, callback.url, secret.secret,
  organisation.default_source, organisation.mt_limit AS organisation_mt_limit, organisation.mo_limit AS organisation_mo_limit,
  profile.apply_sms_quota, profile.settings,
  lane.id AS lane_id, lane.link_id, lane.next_seq, lane.head_seq, lane.taken_epoch, lane.due_at_ms, lane.retry_at_ms, lane.ladder_step,
  lane.woken_at_ms, lane.heard_at_ms, lane.expire_at_ms
FROM input
JOIN device ON device.id = input.device_id AND (input.organisation_id = 0 OR device.organisation_id = input.organisation_id)
JOIN organisation ON organisation.id = device.organisation_id
JOIN service_profile AS profile ON profile.id = device.service_profile_id
JOIN lane ON lane.device_id = device.id
LEFT JOIN sim ON sim.device_id = device.id
LEFT JOIN api_callback AS callback ON callback.id = profile.api_callback_id
LEFT JOIN api_secret AS secret ON secret.id = profile.api_secret_id
ORDER BY lane.id, input.position FOR UPDATE OF lane;

-- name: lock (id bigint)
SELECT message.id, message.organisation_id, message.device_id, device.name AS device_name, message.lane_id, message.lane_seq, message.link_id,
  message.direction, message.door, message.source, message.dest, message.state, message.reason_code, message.segment_states,
  message.submitted_at_ms, message.expiry_at_ms, message.attempts, message.retries, message.cancel_requested_at_ms,
  message.callback_id, message.secret_id, callback.url, secret.secret, message.terms
FROM input JOIN message ON message.id = input.id
LEFT JOIN device ON device.id = message.device_id
LEFT JOIN api_callback AS callback ON callback.id = message.callback_id
LEFT JOIN api_secret AS secret ON secret.id = message.secret_id
ORDER BY message.id FOR UPDATE OF message;

-- name: lanes_of (id bigint)
SELECT message.id, message.lane_id FROM input JOIN message ON message.id = input.id WHERE message.lane_id IS NOT NULL;

-- name: update (id bigint, state bigint, segment_states text, reason text, reason_code text, final_at_ms bigint, last_attempt_at_ms bigint, retry_at_ms bigint, attempts bigint, retries bigint)
UPDATE message SET state = input.state, segment_states = input.segment_states, reason = input.reason, reason_code = input.reason_code,
  final_at_ms = input.final_at_ms, last_attempt_at_ms = coalesce(input.last_attempt_at_ms, message.last_attempt_at_ms),
  retry_at_ms = input.retry_at_ms, attempts = input.attempts, retries = input.retries
FROM input WHERE message.id = input.id;

-- name: update_segments (id bigint, segment_states text)
UPDATE message SET segment_states = input.segment_states FROM input WHERE message.id = input.id;

-- name: ask_cancel
UPDATE message SET cancel_requested_at_ms = :now WHERE id = :id;

-- name: heads (lane_id bigint, from_seq bigint)
SELECT message.id AS message_id, message.lane_id, message.lane_seq, message.organisation_id, message.device_id, message.source, message.source_type,
  coalesce(sim.msisdn, sim.imsi, message.dest) AS address, message.payload, message.dcs, message.pid, message.udh,
  message.segment_states, message.expiry_at_ms, message.attempts, message.user_data,
  CASE WHEN message.terms IS NULL OR message.terms NOT LIKE '%"strict":true%' THEN 0 WHEN EXISTS (SELECT 1 FROM message AS before
    WHERE before.lane_id = message.lane_id AND before.lane_seq < message.lane_seq AND before.state < 4) THEN 2 ELSE 1 END AS strictness,
  sim.imsi
FROM input JOIN message ON message.lane_id = input.lane_id AND message.state < 4 AND message.lane_seq = (
  SELECT min(waiting.lane_seq) FROM message AS waiting
  WHERE waiting.lane_id = input.lane_id AND waiting.lane_seq >= input.from_seq AND waiting.state < 4
    AND (waiting.segment_states LIKE '%w%' OR waiting.segment_states LIKE '%u%'))
LEFT JOIN sim ON sim.device_id = message.device_id;

-- name: addresses
SELECT message.source, message.source_type, coalesce(sim.msisdn, sim.imsi, message.dest) AS address, sim.imsi
FROM message LEFT JOIN sim ON sim.device_id = message.device_id WHERE message.id = :id;

-- name: heads_taken
SELECT message.id AS message_id, message.lane_id, message.lane_seq, message.organisation_id, message.device_id, message.source, message.source_type,
  coalesce(sim.msisdn, sim.imsi, message.dest) AS address, message.payload, message.dcs, message.pid, message.udh,
  message.segment_states, message.expiry_at_ms, message.attempts, message.user_data, 0 AS strictness, sim.imsi
FROM lane JOIN message ON message.lane_id = lane.id AND message.lane_seq = lane.head_seq AND message.state < 4
LEFT JOIN sim ON sim.device_id = message.device_id
WHERE lane.link_id = :link_id AND lane.taken_epoch = :epoch;

-- name: expired (lane_id bigint, from_seq bigint, now_ms bigint)
SELECT message.id FROM input JOIN message ON message.lane_id = input.lane_id AND message.lane_seq >= input.from_seq
WHERE message.state < 4 AND message.expiry_at_ms <= input.now_ms AND (message.segment_states LIKE '%w%' OR message.segment_states LIKE '%u%');

-- name: next_expiry (lane_id bigint, from_seq bigint)
SELECT input.lane_id, min(message.expiry_at_ms) AS expiry_at_ms
FROM input JOIN message ON message.lane_id = input.lane_id AND message.lane_seq >= input.from_seq
WHERE message.state < 4 AND (message.segment_states LIKE '%w%' OR message.segment_states LIKE '%u%') GROUP BY input.lane_id;

-- name: insert_cancel_request
INSERT INTO cancel_request (message_id, link_id, asked_at_ms) VALUES (:message_id, :link_id, :now)
ON CONFLICT (message_id) DO NOTHING;

-- name: take_cancel_requests
DELETE FROM cancel_request WHERE link_id = :link_id RETURNING message_id;

-- name: delete_old_cancel_requests
DELETE FROM cancel_request WHERE asked_at_ms < :before;

-- name: views_of_device
SELECT message.id, message.organisation_id, message.device_id, device.name AS device_name, message.sim_id, sim.iccid, sim.msisdn, sim.imsi,
  message.direction, message.source, message.source_type, message.dest, message.payload, message.dcs, message.pid, message.udh,
  message.state, message.reason, message.reason_code, message.submitted_at_ms, message.expiry_at_ms, message.final_at_ms,
  message.retry_at_ms, message.last_attempt_at_ms, message.attempts, message.retries, message.traffic_class, message.door,
  message.segments, message.segment_states, profile.esme_interface_type_id, lane.taken_epoch, lane.head_seq, message.lane_seq
FROM message JOIN device ON device.id = message.device_id
JOIN service_profile AS profile ON profile.id = device.service_profile_id
LEFT JOIN sim ON sim.id = message.sim_id
LEFT JOIN lane ON lane.id = message.lane_id
WHERE message.device_id = :device_id AND (:organisation_id = 0 OR message.organisation_id = :organisation_id)
ORDER BY message.id DESC LIMIT :most OFFSET :skipped;

-- name: view
SELECT message.id, message.organisation_id, message.device_id, device.name AS device_name, message.sim_id, sim.iccid, sim.msisdn, sim.imsi,
  message.direction, message.source, message.source_type, message.dest, message.payload, message.dcs, message.pid, message.udh,
  message.state, message.reason, message.reason_code, message.submitted_at_ms, message.expiry_at_ms, message.final_at_ms,
  message.retry_at_ms, message.last_attempt_at_ms, message.attempts, message.retries, message.traffic_class, message.door,
  message.segments, message.segment_states, profile.esme_interface_type_id, lane.taken_epoch, lane.head_seq, message.lane_seq
FROM message JOIN device ON device.id = message.device_id
JOIN service_profile AS profile ON profile.id = device.service_profile_id
LEFT JOIN sim ON sim.id = message.sim_id
LEFT JOIN lane ON lane.id = message.lane_id
WHERE message.device_id = :device_id AND message.id = :id AND (:organisation_id = 0 OR message.organisation_id = :organisation_id);

-- name: count_of_device
-- By the index alone; whose device it is has been asked.
SELECT count(*) FROM message WHERE device_id = :device_id;

-- name: device_exists
SELECT 1 FROM device WHERE id = :device_id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id);
