-- name: insert (id bigint, organisation_id bigint, name text, color_id bigint)
INSERT INTO tag (id, organisation_id, name, color_id) SELECT id, organisation_id, name, color_id FROM input WHERE true
ON CONFLICT (organisation_id, name) DO NOTHING RETURNING id;

-- name: list
SELECT id, organisation_id, name, color_id FROM tag WHERE organisation_id = :organisation_id ORDER BY lower(name), id;

-- name: lock
SELECT id, organisation_id, name, color_id FROM tag WHERE id = :id AND (:organisation_id = 0 OR organisation_id = :organisation_id)
FOR NO KEY UPDATE;

-- name: update
UPDATE tag SET name = :name, color_id = :color_id WHERE id = :id;

-- name: delete
DELETE FROM tag WHERE id = :id;

-- name: texts
SELECT tags, count(*) FROM device WHERE organisation_id = :organisation_id AND deleted_at_ms IS NULL AND tags IS NOT NULL GROUP BY tags;

-- name: replace
UPDATE device SET last_updated_at_ms = :now,
  tags = nullif(trim(replace(replace(replace(',' || tags || ',', ', ' || :name || ',', :place), ',' || :name || ',', :place), ',,', ','), ','), '')
WHERE id IN (
  SELECT id FROM device WHERE organisation_id = :organisation_id AND deleted_at_ms IS NULL
  AND replace(',' || tags || ',', ', ', ',') LIKE :pattern ESCAPE '!' ORDER BY id LIMIT :most) RETURNING id;
