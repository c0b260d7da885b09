-- The answer to a request with an Idempotency-Key, as its face gave it. fingerprint: of what was asked.
CREATE TABLE idempotency_key (
  organisation_id BIGINT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, answer TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, PRIMARY KEY (organisation_id, route, key));
CREATE INDEX idempotency_key_age ON idempotency_key (created_at_ms);

-- credentials_at_ms: when the password or the second factor last changed; auth tokens made before are no more.
ALTER TABLE app_user ADD COLUMN credentials_at_ms BIGINT NOT NULL DEFAULT 0;

-- A second factor (TOTP). Pending until activated. last_step: the time step of the last code that was taken, none of which comes twice.
CREATE TABLE mfa_key (
  id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES app_user (id), secret TEXT NOT NULL, created_at_ms BIGINT NOT NULL,
  activated_at_ms BIGINT, last_step BIGINT NOT NULL DEFAULT 0);
CREATE INDEX mfa_key_of_user ON mfa_key (user_id);
-- A code that stands for a second factor, once.
CREATE TABLE recovery_code (
  user_id BIGINT NOT NULL REFERENCES app_user (id), code_hash TEXT NOT NULL, created_at_ms BIGINT NOT NULL, PRIMARY KEY (user_id, code_hash));
-- What a user logs in from without a second factor, for some time.
CREATE TABLE trusted_device (
  id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES app_user (id), fingerprint_hash TEXT NOT NULL, operating_system TEXT,
  browser TEXT, name TEXT, trusted_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL, UNIQUE (user_id, fingerprint_hash));

-- A link by which a user sets a password: the first (invitation) or a new one (reset).
CREATE TABLE password_link (
  token_hash TEXT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES app_user (id), created_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL);
CREATE INDEX password_link_of_user ON password_link (user_id);

-- Refresh tokens. family: all that came of one login. ended_at_ms: one that came of it was used; whoever uses it after that stole one of them.
CREATE TABLE refresh_token (
  token_hash TEXT PRIMARY KEY, family TEXT NOT NULL, parent_hash TEXT, user_id BIGINT NOT NULL REFERENCES app_user (id),
  expires_at_ms BIGINT NOT NULL, family_expires_at_ms BIGINT NOT NULL, ended_at_ms BIGINT);
CREATE INDEX refresh_token_family ON refresh_token (family);
CREATE INDEX refresh_token_of_user ON refresh_token (user_id);
CREATE INDEX refresh_token_expiry ON refresh_token (expires_at_ms);

-- A login of the portal. organisation_id: the workspace it is in.
CREATE TABLE portal_session (
  id BIGINT PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, user_id BIGINT NOT NULL REFERENCES app_user (id), organisation_id BIGINT NOT NULL,
  created_at_ms BIGINT NOT NULL, seen_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL, address TEXT NOT NULL, user_agent TEXT NOT NULL);
CREATE INDEX portal_session_of_user ON portal_session (user_id);
CREATE INDEX portal_session_expiry ON portal_session (expires_at_ms);
