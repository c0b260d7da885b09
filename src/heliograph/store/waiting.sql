-- Where what is not over stands: scheduled for later, in a lane from its head on, or at a network that owes a receipt, by the keys of that.

-- part: fits
-- With a + no index serves it: SQLite would look through all messages of the organisation for each place.
+message.organisation_id = :organisation_id AND message.state < 4 AND message.state BETWEEN :lowest AND :highest
  AND +message.submitted_at_ms >= :from_ms
  AND (+message.submitted_at_ms < :at_ms OR (+message.submitted_at_ms = :at_ms AND message.id < :id))

-- name: last_scheduled
-- The last that a look goes up to, as of the others below.
SELECT due_at_ms, message_id FROM scheduled WHERE due_at_ms IS NOT NULL AND (due_at_ms, message_id) > (:due_at_ms, :message_id)
ORDER BY due_at_ms, message_id LIMIT 1 OFFSET :passed;

-- name: scheduled
SELECT message.submitted_at_ms, message.id FROM scheduled CROSS JOIN message WHERE message.id = scheduled.message_id AND scheduled.due_at_ms IS NOT NULL AND (scheduled.due_at_ms, scheduled.message_id) > (:due_at_ms, :message_id)
  AND (scheduled.due_at_ms, scheduled.message_id) <= (:last_due_at_ms, :last_message_id) AND {fits};

-- name: last_lane
SELECT id FROM lane WHERE id > :after ORDER BY id LIMIT 1 OFFSET :passed;

-- name: lanes
SELECT id, head_seq, next_seq FROM lane WHERE id > :after AND id <= :last AND head_seq < next_seq AND +organisation_id = :organisation_id;

-- name: in_lanes (lane_id bigint, from_seq bigint, before_seq bigint)
SELECT message.submitted_at_ms, message.id FROM input JOIN message ON message.lane_id = input.lane_id
  AND message.lane_seq >= input.from_seq AND message.lane_seq < input.before_seq WHERE {fits};

-- name: last_key
-- By the time when each is over, which is about the order of the messages: by the keys themselves each was on another page.
SELECT expires_at_ms FROM correlation WHERE expires_at_ms > :after ORDER BY expires_at_ms LIMIT 1 OFFSET :passed;

-- name: at_network
-- A message may have several keys, which are over at one moment.
SELECT message.submitted_at_ms, message.id
FROM (SELECT DISTINCT message_id FROM correlation WHERE expires_at_ms > :after AND expires_at_ms <= :last) AS owed
CROSS JOIN message WHERE message.id = owed.message_id AND {fits};
