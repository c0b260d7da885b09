-- name: hold (device_id bigint)
INSERT INTO p2p_record (device_id, sent_from_ms, sent, received_at_ms, told_sent_ms, told_received_ms)
SELECT device_id, 0, 0, '[]', 0, 0 FROM input WHERE true ORDER BY device_id
ON CONFLICT (device_id) DO UPDATE SET sent = p2p_record.sent
RETURNING device_id, sent_from_ms, sent, received_at_ms, told_sent_ms, told_received_ms;

-- name: peek (device_id bigint)
SELECT record.device_id, record.sent_from_ms, record.sent, record.received_at_ms, record.told_sent_ms, record.told_received_ms
FROM input JOIN p2p_record AS record ON record.device_id = input.device_id;

-- name: save (device_id bigint, sent_from_ms bigint, sent bigint, received_at_ms text, told_sent_ms bigint, told_received_ms bigint)
UPDATE p2p_record SET sent_from_ms = input.sent_from_ms, sent = input.sent, received_at_ms = input.received_at_ms,
  told_sent_ms = input.told_sent_ms, told_received_ms = input.told_received_ms FROM input WHERE p2p_record.device_id = input.device_id;
