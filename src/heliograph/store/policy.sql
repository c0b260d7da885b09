-- name: callbacks
SELECT id, organisation_id, url, purpose, created_at_ms, disabled_at_ms FROM api_callback
WHERE deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id) ORDER BY id;

-- name: callback
SELECT id, organisation_id, url, purpose, created_at_ms, disabled_at_ms FROM api_callback
WHERE id = :id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id);

-- name: delete_callback
UPDATE api_callback SET deleted_at_ms = :now WHERE id = :id AND deleted_at_ms IS NULL
AND (:organisation_id = 0 OR organisation_id = :organisation_id)
AND NOT EXISTS (SELECT 1 FROM service_profile WHERE api_callback_id = :id AND deleted_at_ms IS NULL) RETURNING id;

-- name: insert_secret
INSERT INTO api_secret (id, organisation_id, purpose, secret, created_at_ms) VALUES (:id, :organisation_id, :purpose, :secret, :now);

-- name: secrets
SELECT id, organisation_id, purpose FROM api_secret
WHERE deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id) ORDER BY id;

-- name: secret
SELECT id, organisation_id, purpose FROM api_secret
WHERE id = :id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id);

-- name: delete_secret
UPDATE api_secret SET deleted_at_ms = :now WHERE id = :id AND deleted_at_ms IS NULL
AND (:organisation_id = 0 OR organisation_id = :organisation_id)
AND NOT EXISTS (SELECT 1 FROM service_profile WHERE api_secret_id = :id AND deleted_at_ms IS NULL) RETURNING id;

-- name: insert_tariff
INSERT INTO tariff_profile (id, organisation_id, name, description) VALUES (:id, :organisation_id, :name, :description);

-- name: tariffs
SELECT id, organisation_id, name, description,
  (SELECT count(*) FROM device WHERE tariff_profile_id = tariff_profile.id AND deleted_at_ms IS NULL) AS used_count
FROM tariff_profile WHERE deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id) ORDER BY id;

-- name: tariff
SELECT id, organisation_id, name, description,
  (SELECT count(*) FROM device WHERE tariff_profile_id = tariff_profile.id AND deleted_at_ms IS NULL) AS used_count
FROM tariff_profile WHERE id = :id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id);

-- name: update_tariff
UPDATE tariff_profile SET name = :name, description = :description WHERE id = :id;

-- name: delete_tariff
UPDATE tariff_profile SET deleted_at_ms = :now WHERE id = :id
AND NOT EXISTS (SELECT 1 FROM device WHERE tariff_profile_id = :id AND deleted_at_ms IS NULL) RETURNING id;

-- name: insert
INSERT INTO service_profile (id, organisation_id, name, description, mt, mo, sms_a2p, sms_p2p_int, sms_p2p_ext, esme_interface_type_id,
  api_callback_id, api_secret_id, apply_sms_quota, settings, created_at_ms)
VALUES (:id, :organisation_id, :name, :description, :mt, :mo, :sms_a2p, :sms_p2p_int, :sms_p2p_ext, :esme_interface_type_id,
  :api_callback_id, :api_secret_id, :apply_sms_quota, :settings, :now);

-- name: lock
SELECT id, organisation_id, name, description, mt, mo, sms_a2p, sms_p2p_int, sms_p2p_ext, esme_interface_type_id, api_callback_id,
  api_secret_id, apply_sms_quota, settings
FROM service_profile WHERE id = :id AND deleted_at_ms IS NULL AND (:organisation_id = 0 OR organisation_id = :organisation_id)
FOR NO KEY UPDATE;

-- name: update
UPDATE service_profile SET name = :name, description = :description, mt = :mt, mo = :mo, sms_a2p = :sms_a2p, sms_p2p_int = :sms_p2p_int,
  sms_p2p_ext = :sms_p2p_ext, esme_interface_type_id = :esme_interface_type_id, api_callback_id = :api_callback_id,
  api_secret_id = :api_secret_id, apply_sms_quota = :apply_sms_quota, settings = :settings WHERE id = :id;

-- name: delete
UPDATE service_profile SET deleted_at_ms = :now WHERE id = :id
AND NOT EXISTS (SELECT 1 FROM device WHERE service_profile_id = :id AND deleted_at_ms IS NULL) RETURNING id;

-- name: policies
SELECT profile.id, profile.organisation_id, profile.name, profile.description, profile.mt, profile.mo, profile.sms_a2p, profile.sms_p2p_int,
  profile.sms_p2p_ext, profile.esme_interface_type_id, profile.api_callback_id, profile.api_secret_id, profile.apply_sms_quota,
  profile.settings, (SELECT count(*) FROM device WHERE service_profile_id = profile.id AND deleted_at_ms IS NULL) AS used_count,
  callback.url, callback.purpose, callback.created_at_ms, secret.purpose
FROM service_profile AS profile LEFT JOIN api_callback AS callback ON callback.id = profile.api_callback_id
LEFT JOIN api_secret AS secret ON secret.id = profile.api_secret_id
WHERE profile.deleted_at_ms IS NULL AND (:organisation_id = 0 OR profile.organisation_id = :organisation_id) ORDER BY profile.id;

-- name: policy
SELECT profile.id, profile.organisation_id, profile.name, profile.description, profile.mt, profile.mo, profile.sms_a2p, profile.sms_p2p_int,
  profile.sms_p2p_ext, profile.esme_interface_type_id, profile.api_callback_id, profile.api_secret_id, profile.apply_sms_quota,
  profile.settings, (SELECT count(*) FROM device WHERE service_profile_id = profile.id AND deleted_at_ms IS NULL) AS used_count,
  callback.url, callback.purpose, callback.created_at_ms, secret.purpose
FROM service_profile AS profile LEFT JOIN api_callback AS callback ON callback.id = profile.api_callback_id
LEFT JOIN api_secret AS secret ON secret.id = profile.api_secret_id
WHERE profile.id = :id AND profile.deleted_at_ms IS NULL AND (:organisation_id = 0 OR profile.organisation_id = :organisation_id);

-- name: with_application_numbers
SELECT DISTINCT settings FROM service_profile WHERE settings LIKE '%"application_numbers"%';

-- name: exists
SELECT 1 FROM service_profile WHERE id = :id AND organisation_id = :organisation_id AND deleted_at_ms IS NULL;

-- name: tariff_exists
SELECT 1 FROM tariff_profile WHERE id = :id AND organisation_id = :organisation_id AND deleted_at_ms IS NULL;

-- name: of_messages (message_id bigint)
SELECT input.message_id, profile.settings FROM input JOIN message ON message.id = input.message_id
JOIN device ON device.id = message.device_id JOIN service_profile AS profile ON profile.id = device.service_profile_id;
