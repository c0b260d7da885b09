-- name: claim
INSERT INTO id_counter (kind, next_id) VALUES (:kind, 1 + :count)
ON CONFLICT (kind) DO UPDATE SET next_id = id_counter.next_id + :count
RETURNING next_id;

-- name: following
SELECT next_id FROM id_counter WHERE kind = :kind;
