-- name: insert
INSERT INTO node (id, name, started_at_ms, beat, open_from, beat_at_ms) VALUES (:id, :name, :now, 1, :open_from, :now);

-- name: beat
UPDATE node SET beat = beat + 1, beat_at_ms = :now, open_from = CASE WHEN claims = :claims THEN :open_from ELSE open_from END
WHERE id = :id AND stopped_at_ms IS NULL RETURNING claims;

-- name: lower
UPDATE node SET claims = claims + 1, open_from = CASE WHEN open_from > :open_from THEN :open_from ELSE open_from END
WHERE id = :id AND stopped_at_ms IS NULL RETURNING id;

-- name: others
SELECT id, beat, open_from FROM node WHERE id <> :id AND stopped_at_ms IS NULL ORDER BY id;

-- name: stop
UPDATE node SET stopped_at_ms = :now WHERE id = :id AND (:forced = 1 OR (beat = :beat AND stopped_at_ms IS NULL)) RETURNING open_from;

-- name: beat_at
SELECT beat_at_ms FROM node WHERE id = :id;
