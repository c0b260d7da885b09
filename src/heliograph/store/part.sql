-- name: open_set (id bigint, link_id bigint, source text, dest text, reference bigint, total bigint, alphabet text, now_ms bigint)
INSERT INTO part_set (id, link_id, source, dest, reference, total, alphabet, last_at_ms, parts)
SELECT id, link_id, source, dest, reference, total, alphabet, now_ms, 0 FROM input WHERE true
ORDER BY link_id, source, dest, reference, total, alphabet
ON CONFLICT (link_id, source, dest, reference, total, alphabet) DO UPDATE SET last_at_ms = excluded.last_at_ms
RETURNING id, link_id, source, dest, reference, total, alphabet;

-- name: insert (set_id bigint, number bigint, udh text, user_data text, dcs bigint, pid bigint, received_at_ms bigint)
INSERT INTO part (set_id, number, udh, user_data, dcs, pid, received_at_ms)
SELECT set_id, number, udh, user_data, dcs, pid, received_at_ms FROM input WHERE true
ON CONFLICT (set_id, number) DO NOTHING;

-- name: of_sets (set_id bigint)
SELECT part.set_id, part.number, part.udh, part.user_data, part.dcs, part.pid, part.received_at_ms
FROM input JOIN part ON part.set_id = input.set_id ORDER BY part.set_id, part.number;

-- name: delete_parts (set_id bigint)
DELETE FROM part WHERE set_id IN (SELECT set_id FROM input);

-- name: delete_sets (set_id bigint)
DELETE FROM part_set WHERE id IN (SELECT set_id FROM input);

-- name: stale
SELECT id, link_id, source, dest, reference, total, alphabet FROM part_set WHERE link_id = :link_id AND last_at_ms <= :before
ORDER BY last_at_ms LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: lost_answers (link_id bigint, fingerprint text, after_ms bigint)
DELETE FROM answer_lost WHERE at_ms >= (SELECT min(after_ms) FROM input) AND (link_id, fingerprint) IN (SELECT link_id, fingerprint FROM input)
RETURNING link_id, fingerprint, message_id;

-- name: heard_since
-- The latest of all messages: ids rise with time to within a block, and no index stands on a link.
SELECT id, source, dest, udh, payload, dcs FROM (
  SELECT id, source, dest, udh, payload, dcs, link_id, segments, direction, final_at_ms FROM message ORDER BY id DESC LIMIT :latest) AS latest
WHERE link_id = :link_id AND segments = 1 AND direction = 2 AND final_at_ms >= :since;

-- name: note_lost_answer
INSERT INTO answer_lost (link_id, fingerprint, message_id, at_ms) VALUES (:link_id, :fingerprint, :message_id, :now)
ON CONFLICT (link_id, fingerprint) DO UPDATE SET message_id = excluded.message_id, at_ms = excluded.at_ms;

-- name: forget_lost_answers
DELETE FROM answer_lost WHERE at_ms < :before;

-- name: keep_unmatched (message_id bigint, link_id bigint, source text, dest text, udh text, user_data text, dcs bigint, received_at_ms bigint, reason text)
INSERT INTO unmatched_inbound (message_id, link_id, source, dest, udh, user_data, dcs, received_at_ms, reason)
SELECT message_id, link_id, source, dest, udh, user_data, dcs, received_at_ms, reason FROM input;
