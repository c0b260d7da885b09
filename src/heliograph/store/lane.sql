-- name: create
INSERT INTO lane (id, organisation_id, link_id, device_id, number)
VALUES (:id, :organisation_id, coalesce((SELECT min(link.id) FROM link WHERE link.disabled_at_ms IS NULL AND link.number_space = ''
  AND (NOT EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = link.id)
    OR EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = link.id AND link_reservation.organisation_id = :organisation_id))), 0), :device_id, NULL);

-- name: lock_for_number
-- In a number space the number is SPACE/NUMBER.
INSERT INTO lane (id, organisation_id, link_id, device_id, number) VALUES (:id, :organisation_id, :link_id, NULL, :number)
ON CONFLICT (organisation_id, number) DO UPDATE SET
  link_id = CASE WHEN lane.taken_epoch IS NULL AND lane.due_at_ms IS NULL THEN excluded.link_id ELSE lane.link_id END
RETURNING id, organisation_id, next_seq, head_seq, taken_epoch, due_at_ms, retry_at_ms, ladder_step, woken_at_ms, link_id,
  expire_at_ms;

-- name: adopt
-- Lanes of devices made before there was any link go to the first one. Those of phones wait for a route: to text a phone by whatever link
-- there is would be a guess.
UPDATE lane SET link_id = :link_id FROM link WHERE link.id = :link_id AND lane.link_id = 0
AND lane.device_id IS NOT NULL
AND coalesce((SELECT sim.number_space FROM sim WHERE sim.device_id = lane.device_id), '') = link.number_space AND (
  NOT EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = :link_id)
  OR EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = :link_id AND link_reservation.organisation_id = lane.organisation_id));

-- name: on_its_way
SELECT 1 FROM lane WHERE link_id = :link_id AND taken_epoch IS NOT NULL LIMIT 1;

-- name: leave
UPDATE lane SET link_id = 0 WHERE link_id = :link_id;

-- name: move (id bigint, next_seq bigint, head_seq bigint, taken_epoch bigint, retry_at_ms bigint, ladder_step bigint)
-- Of most messages the lane is never due; SQLite would write the index of due_at_ms anew for each.
UPDATE lane SET next_seq = input.next_seq, head_seq = input.head_seq, taken_epoch = input.taken_epoch, retry_at_ms = input.retry_at_ms,
  ladder_step = input.ladder_step
FROM input WHERE lane.id = input.id;

-- name: update (id bigint, next_seq bigint, head_seq bigint, taken_epoch bigint, retry_at_ms bigint, ladder_step bigint, due_at_ms bigint)
UPDATE lane SET next_seq = input.next_seq, head_seq = input.head_seq, taken_epoch = input.taken_epoch, due_at_ms = input.due_at_ms,
  retry_at_ms = input.retry_at_ms, ladder_step = input.ladder_step
FROM input WHERE lane.id = input.id;

-- name: set_expire (id bigint, expire_at_ms bigint)
UPDATE lane SET expire_at_ms = input.expire_at_ms FROM input WHERE lane.id = input.id;

-- name: organisations_due
SELECT organisation.id FROM organisation WHERE EXISTS (
  SELECT 1 FROM lane WHERE lane.link_id = :link_id AND lane.organisation_id = organisation.id AND lane.due_at_ms <= :now)
ORDER BY organisation.id;

-- name: due
SELECT id, organisation_id, next_seq, head_seq, taken_epoch, due_at_ms, retry_at_ms, ladder_step, woken_at_ms, link_id, expire_at_ms FROM lane
WHERE link_id = :link_id AND organisation_id = :organisation_id AND due_at_ms <= :now
ORDER BY due_at_ms LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: expiring
SELECT id FROM lane WHERE expire_at_ms <= :now ORDER BY expire_at_ms LIMIT :most;

-- name: orphaned (id bigint)
SELECT lane.id FROM input JOIN lane ON lane.id = input.id LEFT JOIN link_lease AS lease ON lease.link_id = lane.link_id
WHERE lane.taken_epoch IS NOT NULL AND lease.node_id IS NULL;

-- name: lock (id bigint)
SELECT lane.id, lane.organisation_id, next_seq, head_seq, taken_epoch, due_at_ms, retry_at_ms, ladder_step, woken_at_ms, link_id, expire_at_ms
FROM input JOIN lane ON lane.id = input.id ORDER BY lane.id FOR UPDATE OF lane;

-- name: taken_before
SELECT lane.id AS lane_id, lane.taken_epoch, message.id AS message_id, message.segment_states FROM lane
LEFT JOIN message ON message.lane_id = lane.id AND message.lane_seq = lane.head_seq AND message.state < 4
WHERE lane.link_id = :link_id AND lane.taken_epoch < :epoch LIMIT :most;

-- name: taken_by_none
-- What had them on its way is over.
SELECT lane.id, lane.organisation_id, next_seq, head_seq, taken_epoch, due_at_ms, retry_at_ms, ladder_step, woken_at_ms, link_id, expire_at_ms
FROM lane
WHERE lane.link_id = :link_id AND lane.taken_epoch = :epoch AND NOT EXISTS (SELECT 1 FROM message
  WHERE message.lane_id = lane.id AND message.lane_seq = lane.head_seq AND message.state < 4)
ORDER BY lane.id FOR UPDATE OF lane;

-- name: begin_ladder_anew (device_id bigint)
UPDATE lane SET ladder_step = 0 FROM input WHERE lane.device_id = input.device_id AND lane.ladder_step > 0;

-- name: wake (device_id bigint, now_ms bigint, gap_ms bigint)
-- Never later than it was; not while a receipt is waited for, which may make a second try a duplicate.
UPDATE lane SET woken_at_ms = CASE WHEN woken_at_ms + gap_ms > now_ms THEN woken_at_ms ELSE now_ms END,
  retry_at_ms = CASE WHEN woken_at_ms + gap_ms > now_ms THEN woken_at_ms + gap_ms ELSE now_ms END,
  due_at_ms = CASE WHEN due_at_ms < CASE WHEN woken_at_ms + gap_ms > now_ms THEN woken_at_ms + gap_ms ELSE now_ms END THEN due_at_ms
    WHEN woken_at_ms + gap_ms > now_ms THEN woken_at_ms + gap_ms ELSE now_ms END
FROM input WHERE lane.device_id = input.device_id AND lane.due_at_ms IS NOT NULL
  AND lane.retry_at_ms > CASE WHEN woken_at_ms + gap_ms > now_ms THEN woken_at_ms + gap_ms ELSE now_ms END
  AND NOT EXISTS (SELECT 1 FROM message WHERE message.lane_id = lane.id AND message.lane_seq = lane.head_seq
    AND message.state < 4 AND message.reason_code = 'unknown')
RETURNING lane.link_id, lane.due_at_ms;

-- name: heard (device_id bigint)
SELECT lane.device_id, lane.organisation_id, lane.heard_at_ms
FROM input JOIN lane ON lane.device_id = input.device_id ORDER BY lane.id FOR UPDATE OF lane;

-- name: note_heard (device_id bigint, now_ms bigint)
UPDATE lane SET heard_at_ms = input.now_ms FROM input WHERE lane.device_id = input.device_id;
