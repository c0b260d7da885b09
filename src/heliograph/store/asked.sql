-- name: one
SELECT message.id, message.organisation_id, message.device_id, message.source, message.dest, message.state, message.reason_code,
  message.submitted_at_ms, message.expiry_at_ms, message.final_at_ms, message.attempts, message.segments, message.terms, scheduled.due_at_ms
FROM message LEFT JOIN scheduled ON scheduled.message_id = message.id
WHERE message.id = :id AND message.organisation_id = :organisation_id AND message.door = 'smpp';

-- name: following
-- With a + the ids alone are looked up; SQLite would go through all messages of the organisation.
SELECT message.id, message.organisation_id, message.device_id, message.source, message.dest, message.state, message.reason_code,
  message.submitted_at_ms, message.expiry_at_ms, message.final_at_ms, message.attempts, message.segments, message.terms, scheduled.due_at_ms
FROM message LEFT JOIN scheduled ON scheduled.message_id = message.id
WHERE message.id BETWEEN :first AND :last AND +message.organisation_id = :organisation_id AND message.door = 'smpp' ORDER BY message.id;

-- name: waiting
SELECT message.id, message.organisation_id, message.device_id, message.source, message.dest, message.state, message.reason_code,
  message.submitted_at_ms, message.expiry_at_ms, message.final_at_ms, message.attempts, message.segments, message.terms, scheduled.due_at_ms
FROM message LEFT JOIN scheduled ON scheduled.message_id = message.id
WHERE message.device_id = :device_id AND message.organisation_id = :organisation_id AND message.door = 'smpp' AND message.state < 4
ORDER BY message.id DESC LIMIT :most;

-- name: replace
UPDATE message SET payload = :payload, dcs = :dcs, udh = :udh, user_data = :user_data, segments = :segments, segment_states = :segment_states,
  expiry_at_ms = :expiry_at_ms, terms = :terms WHERE id = :id;

-- name: reschedule
UPDATE scheduled SET scheduled_at_ms = :scheduled_at_ms, due_at_ms = :scheduled_at_ms WHERE message_id = :message_id AND due_at_ms IS NOT NULL
RETURNING message_id;

-- name: lock_scheduled
SELECT message_id FROM scheduled WHERE message_id = :message_id AND due_at_ms IS NOT NULL FOR UPDATE;
