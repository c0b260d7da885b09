-- name: begin_try
INSERT INTO login_failure (email, address, failures, last_at_ms) VALUES (:email, :address, 1, :now)
ON CONFLICT (email, address) DO UPDATE SET last_at_ms = :now,
  failures = CASE WHEN login_failure.last_at_ms <= :stale THEN 1 ELSE login_failure.failures + 1 END
WHERE login_failure.last_at_ms <= :stale OR login_failure.failures < :most
RETURNING failures;

-- name: take_back_try
UPDATE login_failure SET failures = failures - 1 WHERE email = :email AND address = :address AND failures > 0;

-- name: clear_tries
DELETE FROM login_failure WHERE email = :email AND address = :address;

-- name: delete_old_tries
DELETE FROM login_failure WHERE last_at_ms <= :stale;

-- name: insert_refresh_token
INSERT INTO refresh_token (token_hash, family, parent_hash, user_id, expires_at_ms, family_expires_at_ms)
VALUES (:token_hash, :family, :parent_hash, :user_id, :expires_at_ms, :family_expires_at_ms);

-- name: lock_refresh_token
UPDATE refresh_token SET user_id = user_id WHERE token_hash = :token_hash
RETURNING token_hash, family, parent_hash, user_id, expires_at_ms, family_expires_at_ms, ended_at_ms;

-- name: end_refresh_token
UPDATE refresh_token SET ended_at_ms = :now WHERE token_hash = :token_hash AND ended_at_ms IS NULL;

-- name: delete_family
DELETE FROM refresh_token WHERE family = :family;

-- name: delete_refresh_tokens_of_user
DELETE FROM refresh_token WHERE user_id = :user_id;

-- name: delete_old_refresh_tokens
DELETE FROM refresh_token WHERE token_hash IN (
  SELECT token_hash FROM refresh_token WHERE expires_at_ms <= :now ORDER BY expires_at_ms LIMIT :most) RETURNING 1;

-- name: insert_mfa_key
INSERT INTO mfa_key (id, user_id, secret, created_at_ms) VALUES (:id, :user_id, :secret, :now);

-- name: mfa_keys
SELECT id, user_id, secret, created_at_ms, activated_at_ms, last_step FROM mfa_key WHERE user_id = :user_id ORDER BY id;

-- name: activate_mfa_key
UPDATE mfa_key SET activated_at_ms = :now, last_step = :step WHERE id = :id AND activated_at_ms IS NULL RETURNING id;

-- name: take_step
UPDATE mfa_key SET last_step = :step WHERE id = :id AND last_step < :step RETURNING id;

-- name: delete_mfa_key
DELETE FROM mfa_key WHERE id = :id AND user_id = :user_id RETURNING id;

-- name: delete_pending_mfa_keys
DELETE FROM mfa_key WHERE user_id = :user_id AND activated_at_ms IS NULL;

-- name: insert_recovery_codes (code_hash text)
INSERT INTO recovery_code (user_id, code_hash, created_at_ms) SELECT :user_id, code_hash, :now FROM input;

-- name: take_recovery_code
DELETE FROM recovery_code WHERE user_id = :user_id AND code_hash = :code_hash RETURNING 1;

-- name: delete_recovery_codes
DELETE FROM recovery_code WHERE user_id = :user_id;

-- name: trust_device
INSERT INTO trusted_device (id, user_id, fingerprint_hash, operating_system, browser, name, trusted_at_ms, expires_at_ms)
VALUES (:id, :user_id, :fingerprint_hash, :operating_system, :browser, :name, :now, :expires_at_ms)
ON CONFLICT (user_id, fingerprint_hash) DO UPDATE SET operating_system = excluded.operating_system, browser = excluded.browser,
  name = excluded.name, trusted_at_ms = excluded.trusted_at_ms, expires_at_ms = excluded.expires_at_ms;

-- name: trusted_devices
SELECT id, fingerprint_hash, operating_system, browser, name, trusted_at_ms, expires_at_ms FROM trusted_device
WHERE user_id = :user_id AND expires_at_ms > :now ORDER BY id;

-- name: delete_trusted_device
DELETE FROM trusted_device WHERE id = :id AND user_id = :user_id RETURNING id;

-- name: delete_trusted_devices
DELETE FROM trusted_device WHERE user_id = :user_id;

-- name: insert_password_link
INSERT INTO password_link (token_hash, user_id, created_at_ms, expires_at_ms) VALUES (:token_hash, :user_id, :now, :expires_at_ms);

-- name: password_link
SELECT user_id FROM password_link WHERE token_hash = :token_hash AND expires_at_ms > :now;

-- name: take_password_link
DELETE FROM password_link WHERE token_hash = :token_hash AND expires_at_ms > :now RETURNING user_id;

-- name: delete_password_links
DELETE FROM password_link WHERE user_id = :user_id;

-- name: delete_old_trusted_devices
DELETE FROM trusted_device WHERE expires_at_ms <= :now;

-- name: delete_old_password_links
DELETE FROM password_link WHERE expires_at_ms <= :now;
