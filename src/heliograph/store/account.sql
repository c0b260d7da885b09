-- name: insert_organisation
INSERT INTO organisation (id, name, created_at_ms) VALUES (:id, :name, :now);

-- name: organisation
SELECT id, name, default_source, created_at_ms FROM organisation WHERE id = :id AND deleted_at_ms IS NULL;

-- name: organisations
SELECT id, name, default_source, created_at_ms FROM organisation WHERE deleted_at_ms IS NULL ORDER BY id;

-- name: set_default_source
UPDATE organisation SET default_source = :default_source WHERE id = :id RETURNING id;

-- name: count_organisations
SELECT count(*) FROM organisation WHERE deleted_at_ms IS NULL;

-- name: lock_organisation
SELECT id, name, default_source, created_at_ms FROM organisation WHERE id = :id AND deleted_at_ms IS NULL FOR NO KEY UPDATE;

-- name: update_organisation
UPDATE organisation SET name = :name, default_source = :default_source WHERE id = :id;

-- name: holdings
SELECT (SELECT count(*) FROM device WHERE organisation_id = :id AND deleted_at_ms IS NULL),
  (SELECT count(*) FROM sim WHERE organisation_id = :id AND deleted_at_ms IS NULL);

-- name: delete_organisation
UPDATE organisation SET deleted_at_ms = :now WHERE id = :id;

-- name: disable_users
UPDATE app_user SET disabled_at_ms = :now WHERE organisation_id = :id AND disabled_at_ms IS NULL;

-- name: revoke_tokens
UPDATE application_token SET revoked_at_ms = :now WHERE organisation_id = :id AND revoked_at_ms IS NULL;

-- name: insert_user
INSERT INTO app_user (id, organisation_id, email, name, password_hash, role, created_at_ms)
VALUES (:id, :organisation_id, :email, :name, :password_hash, :role, :now) ON CONFLICT (email) DO NOTHING RETURNING id;

-- name: user_by_email
SELECT app_user.id, app_user.organisation_id, organisation.name, app_user.email, app_user.name, app_user.password_hash, app_user.role,
  app_user.created_at_ms, app_user.disabled_at_ms, app_user.credentials_at_ms
FROM app_user JOIN organisation ON organisation.id = app_user.organisation_id WHERE app_user.email = :email;

-- name: user
SELECT app_user.id, app_user.organisation_id, organisation.name, app_user.email, app_user.name, app_user.password_hash, app_user.role,
  app_user.created_at_ms, app_user.disabled_at_ms, app_user.credentials_at_ms
FROM app_user JOIN organisation ON organisation.id = app_user.organisation_id WHERE app_user.id = :id;

-- name: users
SELECT app_user.id, app_user.organisation_id, organisation.name, app_user.email, app_user.name, app_user.password_hash, app_user.role,
  app_user.created_at_ms, app_user.disabled_at_ms, app_user.credentials_at_ms
FROM app_user JOIN organisation ON organisation.id = app_user.organisation_id
WHERE :organisation_id = 0 OR app_user.organisation_id = :organisation_id ORDER BY app_user.id;

-- name: set_password
UPDATE app_user SET password_hash = :password_hash, credentials_at_ms = :now WHERE id = :id RETURNING id;

-- name: touch_credentials
UPDATE app_user SET credentials_at_ms = :now WHERE id = :id;

-- name: update_user
UPDATE app_user SET name = :name, role = :role, disabled_at_ms = :disabled_at_ms WHERE id = :id;

-- name: lock_user
SELECT id FROM app_user WHERE id = :id FOR NO KEY UPDATE;

-- name: lock_operators
SELECT id FROM app_user WHERE role = 'SuperAdmin' AND disabled_at_ms IS NULL ORDER BY id FOR NO KEY UPDATE;

-- name: insert_token
INSERT INTO application_token (id, organisation_id, creator_id, description, token_hash, ip, role, created_at_ms, expiry_at_ms)
VALUES (:id, :organisation_id, :creator_id, :description, :token_hash, :ip, :role, :now, :expiry_at_ms);

-- name: token_by_hash
SELECT token.id, token.organisation_id, organisation.name, token.creator_id, app_user.email, token.description, token.ip, token.role,
  token.created_at_ms, token.expiry_at_ms, token.revoked_at_ms
FROM application_token AS token JOIN organisation ON organisation.id = token.organisation_id
LEFT JOIN app_user ON app_user.id = token.creator_id WHERE token.token_hash = :token_hash;

-- name: token
SELECT token.id, token.organisation_id, organisation.name, token.creator_id, app_user.email, token.description, token.ip, token.role,
  token.created_at_ms, token.expiry_at_ms, token.revoked_at_ms
FROM application_token AS token JOIN organisation ON organisation.id = token.organisation_id
LEFT JOIN app_user ON app_user.id = token.creator_id
WHERE token.id = :id AND (:organisation_id = 0 OR token.organisation_id = :organisation_id);

-- name: tokens
SELECT token.id, token.organisation_id, organisation.name, token.creator_id, app_user.email, token.description, token.ip, token.role,
  token.created_at_ms, token.expiry_at_ms, token.revoked_at_ms
FROM application_token AS token JOIN organisation ON organisation.id = token.organisation_id
LEFT JOIN app_user ON app_user.id = token.creator_id
WHERE :organisation_id = 0 OR token.organisation_id = :organisation_id ORDER BY token.id;

-- name: update_token
UPDATE application_token SET description = :description, revoked_at_ms = :revoked_at_ms WHERE id = :id;

-- name: insert_signing_key
INSERT INTO signing_key (name, secret, created_at_ms) VALUES (:name, :secret, :now) ON CONFLICT (name) DO NOTHING;

-- name: signing_key
SELECT secret FROM signing_key WHERE name = :name;
