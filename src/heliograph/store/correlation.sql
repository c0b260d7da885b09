-- name: leave_submit (correlation_group text, key text, message_id bigint, segment bigint, source text, dest text, expires_at_ms bigint)
-- One that claimed the key and ended without a receipt may still get it: the next claim is the first only where it goes elsewhere.
INSERT INTO correlation (correlation_group, key, message_id, segment, source, dest, uses, expires_at_ms)
SELECT correlation_group, key, message_id, segment, source, dest, 1, expires_at_ms FROM input WHERE true ORDER BY correlation_group, key
ON CONFLICT (correlation_group, key) DO UPDATE SET (uses, message_id, segment, source, dest, expires_at_ms) = (
  SELECT CASE WHEN is_first THEN 1
      WHEN correlation.message_id = excluded.message_id AND correlation.segment = excluded.segment THEN correlation.uses
      ELSE abs(correlation.uses) + 1 END,
    CASE WHEN is_first THEN excluded.message_id ELSE correlation.message_id END,
    CASE WHEN is_first THEN excluded.segment ELSE correlation.segment END,
    CASE WHEN is_first THEN excluded.source ELSE correlation.source END,
    CASE WHEN is_first THEN excluded.dest ELSE correlation.dest END,
    CASE WHEN is_first THEN excluded.expires_at_ms ELSE correlation.expires_at_ms END
  FROM (SELECT correlation.uses = 0 OR (correlation.uses < 0 AND correlation.dest <> excluded.dest) AS is_first) AS claim);

-- name: leave_receipt (correlation_group text, key text, receipt_id bigint, expires_at_ms bigint)
INSERT INTO correlation (correlation_group, key, uses, receipt_id, expires_at_ms)
SELECT correlation_group, key, 0, receipt_id, expires_at_ms FROM input WHERE true ORDER BY correlation_group, key
ON CONFLICT (correlation_group, key) DO UPDATE SET receipt_id = excluded.receipt_id;

-- name: leave_word (correlation_group text, key text, receipt_id bigint, expires_at_ms bigint)
INSERT INTO correlation (correlation_group, key, uses, receipt_id, expires_at_ms)
SELECT correlation_group, key, 0, receipt_id, expires_at_ms FROM input WHERE true ORDER BY correlation_group, key
ON CONFLICT (correlation_group, key) DO UPDATE SET receipt_id = coalesce(correlation.receipt_id, excluded.receipt_id);

-- name: keys (correlation_group text, key text)
-- Beside RETURNING, which on SQLite is a step, and a wait for the interpreter, for each row.
SELECT correlation.correlation_group, correlation.key, message_id, segment, source, dest, uses, receipt_id, expires_at_ms
FROM input JOIN correlation ON correlation.correlation_group = input.correlation_group AND correlation.key = input.key;

-- name: peek (correlation_group text, key text)
SELECT correlation.message_id FROM input JOIN correlation
ON correlation.correlation_group = input.correlation_group AND correlation.key = input.key WHERE correlation.message_id IS NOT NULL;

-- name: due
SELECT correlation_group, key, message_id, uses FROM correlation WHERE expires_at_ms <= :now ORDER BY expires_at_ms LIMIT :most;

-- name: keep_for_late (correlation_group text, key text, seen_uses bigint, uses bigint, expires_at_ms bigint)
UPDATE correlation SET uses = input.uses, expires_at_ms = input.expires_at_ms FROM input
WHERE correlation.correlation_group = input.correlation_group AND correlation.key = input.key AND correlation.uses = input.seen_uses;

-- name: delete (correlation_group text, key text, expires_at_ms bigint)
DELETE FROM correlation WHERE expires_at_ms <= (SELECT max(expires_at_ms) FROM input) AND (correlation_group, key) IN (SELECT correlation_group, key FROM input);

-- name: insert_receipt (id bigint, link_id bigint, received_at_ms bigint, keys text, source text, dest text, state text, word text, error text, message_id bigint, segment bigint, disposition text, network_error bigint)
INSERT INTO receipt (id, link_id, received_at_ms, keys, source, dest, state, word, error, message_id, segment, disposition, network_error)
SELECT id, link_id, received_at_ms, keys, source, dest, state, word, error, message_id, segment, disposition, network_error FROM input;

-- name: parked (id bigint)
SELECT receipt.id, receipt.source, receipt.dest, receipt.state, receipt.word, receipt.error, receipt.received_at_ms, receipt.network_error FROM input
JOIN receipt ON receipt.id = input.id WHERE receipt.disposition = 'early' ORDER BY receipt.id FOR UPDATE OF receipt;

-- name: match_parked (id bigint, message_id bigint, segment bigint, disposition text)
UPDATE receipt SET message_id = input.message_id, segment = input.segment, disposition = input.disposition FROM input WHERE receipt.id = input.id;

-- name: of_message
SELECT id, link_id, received_at_ms, state, word, error, segment, disposition FROM receipt WHERE message_id = :message_id ORDER BY id;
