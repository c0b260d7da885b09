-- name: paces
-- Of the latest messages, since no index stands on a link: how many went by each, and since when that was looked at.
SELECT link_id, sum(CASE WHEN direction = 1 THEN 1 ELSE 0 END) AS sent, sum(CASE WHEN direction = 2 THEN 1 ELSE 0 END) AS received
FROM (SELECT link_id, direction, submitted_at_ms, last_attempt_at_ms FROM message ORDER BY id DESC LIMIT :latest) AS latest
WHERE link_id IS NOT NULL AND ((direction = 1 AND last_attempt_at_ms >= :since) OR (direction = 2 AND submitted_at_ms >= :since))
GROUP BY link_id;

-- name: reach
SELECT submitted_at_ms FROM message ORDER BY id DESC LIMIT 1 OFFSET :latest;

-- name: waiting
SELECT count(*) AS lanes, coalesce(sum(next_seq - head_seq), 0) AS messages FROM lane WHERE link_id = :link_id AND head_seq < next_seq;

-- name: links
SELECT id, name FROM link ORDER BY id;

-- name: waiting_for_links
-- With a + SQLite reads the lanes as they stand: by the index of links it looks up each, in three times the time.
SELECT +link_id AS link_id, count(*) AS lanes, sum(next_seq - head_seq) AS messages FROM lane WHERE head_seq < next_seq GROUP BY +link_id;

-- name: before_latest
SELECT id FROM message ORDER BY id DESC LIMIT 1 OFFSET :latest;

-- name: refusals
-- By a range of ids with two ends: a join with the latest messages, and a range with one, had PostgreSQL read all tries.
SELECT attempt.message_id, message.device_id, attempt.at_ms, attempt.outcome, attempt.error_class, attempt.code, attempt.reason
FROM attempt JOIN message ON message.id = attempt.message_id
WHERE attempt.message_id > :after AND attempt.message_id <= :last AND attempt.link_id = :link_id AND attempt.outcome <> 'accepted' ORDER BY attempt.at_ms DESC, attempt.message_id DESC LIMIT :most;

-- name: unmatched_receipts
-- number: '' for any; else of whom they are from or for.
SELECT id, link_id, received_at_ms, source, dest, word, error, keys, disposition FROM receipt
WHERE link_id = :link_id AND message_id IS NULL AND id < :before AND (:number = '' OR source = :number OR dest = :number)
ORDER BY id DESC LIMIT :most;

-- part: inbound
SELECT message_id, link_id, source, dest, udh, user_data, dcs, received_at_ms, reason FROM unmatched_inbound

-- name: unmatched_inbound
{inbound} WHERE link_id = :link_id AND message_id < :before AND (:number = '' OR source = :number OR dest = :number)
ORDER BY message_id DESC LIMIT :most;

-- name: unmatched_inbound_of_all
{inbound} WHERE message_id < :before AND (:number = '' OR source = :number OR dest = :number)
ORDER BY message_id DESC LIMIT :most;
