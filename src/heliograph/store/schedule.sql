-- name: insert (message_id bigint, scheduled_at_ms bigint)
INSERT INTO scheduled (message_id, scheduled_at_ms, due_at_ms) SELECT message_id, scheduled_at_ms, scheduled_at_ms FROM input;

-- name: insert_resent (message_id bigint, resend_of bigint)
INSERT INTO resent (message_id, resend_of) SELECT message_id, resend_of FROM input;

-- name: next_due
SELECT min(due_at_ms) FROM scheduled WHERE due_at_ms IS NOT NULL;

-- name: lock_due
SELECT message_id FROM scheduled WHERE due_at_ms <= :now ORDER BY due_at_ms LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: end
UPDATE scheduled SET due_at_ms = NULL WHERE message_id = :message_id AND due_at_ms IS NOT NULL RETURNING message_id;

-- name: end_all (message_id bigint)
UPDATE scheduled SET due_at_ms = NULL FROM input WHERE scheduled.message_id = input.message_id;

-- name: devices (message_id bigint)
SELECT message.id, message.device_id FROM input JOIN message ON message.id = input.message_id;

-- name: messages (message_id bigint)
SELECT message.id, message.organisation_id, message.device_id, message.sim_id, message.direction, message.traffic_class, message.lane_id,
  message.lane_seq, message.link_id, message.door, message.user_id, message.token_id, message.source, message.source_type, message.dest,
  message.payload, message.dcs, message.pid, message.udh, message.segments, message.segment_states, message.state, message.reason,
  message.reason_code, message.submitted_at_ms, message.expiry_at_ms, message.final_at_ms, message.callback_id, message.secret_id,
  message.peer_id, message.note, message.user_data, message.terms
FROM input JOIN message ON message.id = input.message_id ORDER BY message.id;

-- name: place (id bigint, lane_id bigint, lane_seq bigint, link_id bigint, sim_id bigint, dest text)
UPDATE message SET lane_id = input.lane_id, lane_seq = input.lane_seq, link_id = input.link_id, sim_id = input.sim_id, dest = input.dest
FROM input WHERE message.id = input.id;
