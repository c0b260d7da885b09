-- name: of_organisation
SELECT id, organisation_id, name, text, description, source FROM saved_command WHERE organisation_id = :organisation_id ORDER BY lower(name), id;

-- name: one
SELECT id, organisation_id, name, text, description, source FROM saved_command
WHERE id = :id AND (:organisation_id = 0 OR organisation_id = :organisation_id);

-- name: insert
INSERT INTO saved_command (id, organisation_id, name, text, description, source, created_at_ms)
VALUES (:id, :organisation_id, :name, :text, :description, :source, :now)
ON CONFLICT (organisation_id, name) DO NOTHING RETURNING id;

-- name: update
UPDATE saved_command SET name = :name, text = :text, description = :description WHERE id = :id;

-- name: delete
DELETE FROM saved_command WHERE id = :id;
