-- The portal's list of devices is by name.
CREATE INDEX device_by_name ON device (organisation_id, lower(name), id) WHERE deleted_at_ms IS NULL;
