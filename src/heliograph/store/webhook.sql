-- part: columns
webhook.id, webhook.organisation_id, webhook.url, webhook.purpose, webhook.settings, webhook.kind, webhook.secret, webhook.previous_secret,
  webhook.previous_until_ms, webhook.created_at_ms, webhook.deleted_at_ms, webhook.paused_at_ms, webhook.disabled_at_ms,
  webhook.disabled_reason, webhook.failures, webhook.failed, webhook.failing_since_ms, webhook.degraded_at_ms, webhook.probe_at_ms, webhook.version

-- name: by_id
SELECT {columns} FROM api_callback AS webhook WHERE webhook.id = :id;

-- name: of_organisation
SELECT {columns} FROM api_callback AS webhook WHERE webhook.deleted_at_ms IS NULL
AND (:organisation_id = 0 OR webhook.organisation_id = :organisation_id) ORDER BY webhook.id;

-- name: by_hook
SELECT {columns} FROM api_callback AS webhook
WHERE webhook.organisation_id = :organisation_id AND webhook.hook_key = :hook_key AND webhook.deleted_at_ms IS NULL;

-- name: all_since
SELECT {columns} FROM api_callback AS webhook WHERE webhook.version > :version AND (:version >= 0 OR webhook.deleted_at_ms IS NULL);

-- name: lock (id bigint)
SELECT {columns} FROM input JOIN api_callback AS webhook ON webhook.id = input.id ORDER BY webhook.id FOR UPDATE OF webhook;

-- name: version
SELECT version FROM webhook_change WHERE id = 1;

-- name: next_version
INSERT INTO webhook_change (id, version) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET version = webhook_change.version + 1 RETURNING version;

-- name: insert
INSERT INTO api_callback (id, organisation_id, url, purpose, settings, kind, hook_key, secret, created_at_ms, version)
VALUES (:id, :organisation_id, :url, :purpose, :settings, :kind, :hook_key, :secret, :now, :version)
ON CONFLICT (organisation_id, hook_key) WHERE hook_key IS NOT NULL AND deleted_at_ms IS NULL DO NOTHING RETURNING id;

-- name: update (id bigint, url text, purpose text, settings text, secret text, previous_secret text, previous_until_ms bigint, deleted_at_ms bigint, paused_at_ms bigint, disabled_at_ms bigint, disabled_reason text, failures bigint, failed bigint, failing_since_ms bigint, degraded_at_ms bigint, probe_at_ms bigint, version bigint)
UPDATE api_callback SET url = input.url, purpose = input.purpose, settings = input.settings, secret = input.secret,
  previous_secret = input.previous_secret, previous_until_ms = input.previous_until_ms, deleted_at_ms = input.deleted_at_ms,
  paused_at_ms = input.paused_at_ms, disabled_at_ms = input.disabled_at_ms, disabled_reason = input.disabled_reason,
  failures = input.failures, failed = input.failed, failing_since_ms = input.failing_since_ms, degraded_at_ms = input.degraded_at_ms,
  probe_at_ms = input.probe_at_ms, version = input.version
FROM input WHERE api_callback.id = input.id;

-- name: policies
SELECT profile.api_callback_id AS webhook_id, profile.id, profile.name FROM service_profile AS profile
JOIN api_callback AS webhook ON webhook.id = profile.api_callback_id
WHERE profile.deleted_at_ms IS NULL AND (:organisation_id = 0 OR webhook.organisation_id = :organisation_id) ORDER BY profile.id;

-- name: policy_secret
SELECT secret.secret FROM service_profile AS profile JOIN api_secret AS secret ON secret.id = profile.api_secret_id
WHERE profile.api_callback_id = :id AND profile.deleted_at_ms IS NULL ORDER BY profile.id LIMIT 1;

-- name: secret_of
SELECT secret FROM api_secret WHERE id = :id;

-- name: begin_cursor
INSERT INTO webhook_cursor (organisation_id, last_number)
SELECT :organisation_id, coalesce((SELECT last_number FROM feed WHERE organisation_id = :organisation_id), 0)
ON CONFLICT (organisation_id) DO NOTHING;

-- name: behind
SELECT webhook_cursor.organisation_id FROM webhook_cursor JOIN feed ON feed.organisation_id = webhook_cursor.organisation_id
WHERE feed.last_number > webhook_cursor.last_number ORDER BY webhook_cursor.organisation_id;

-- name: lock_cursor
SELECT last_number FROM webhook_cursor WHERE organisation_id = :organisation_id FOR UPDATE SKIP LOCKED;

-- name: move_cursor
UPDATE webhook_cursor SET last_number = :number WHERE organisation_id = :organisation_id;

-- name: end_cursor
DELETE FROM webhook_cursor WHERE organisation_id = :organisation_id;

-- name: insert_outages (callback_id bigint, began_at_ms bigint, ended_at_ms bigint)
INSERT INTO webhook_outage (callback_id, began_at_ms, ended_at_ms) SELECT callback_id, began_at_ms, ended_at_ms FROM input WHERE true
ON CONFLICT (callback_id, began_at_ms) DO NOTHING;

-- name: outages
SELECT began_at_ms, ended_at_ms FROM webhook_outage WHERE callback_id = :id AND ended_at_ms > :since ORDER BY began_at_ms;

-- name: forget_outages
DELETE FROM webhook_outage WHERE callback_id = :id AND ended_at_ms < :before;
