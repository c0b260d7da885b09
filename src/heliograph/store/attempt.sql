-- name: insert (message_id bigint, number bigint, segment bigint, link_id bigint, at_ms bigint, answered_at_ms bigint, outcome text, error_class text, code bigint, reason text, ref text)
INSERT INTO attempt (message_id, number, segment, link_id, at_ms, answered_at_ms, outcome, error_class, code, reason, ref)
SELECT message_id, number, segment, link_id, at_ms, answered_at_ms, outcome, error_class, code, reason, ref FROM input;

-- name: temporary_tries (message_id bigint)
SELECT input.message_id, count(DISTINCT attempt.number) AS tries FROM input JOIN attempt ON attempt.message_id = input.message_id
WHERE attempt.outcome = 'unknown' OR attempt.error_class = 'unknown' GROUP BY input.message_id;

-- name: of_message
SELECT number, segment, link_id, outcome, ref FROM attempt
WHERE message_id = :message_id ORDER BY number, segment;
