-- Lists count and pass over what is there by these alone; devices and SIMs are few beside messages, and their rows change seldom.
-- deleted_at_ms stands in them though it is always null, since SQLite would look into the table for it.
CREATE INDEX device_present ON device (organisation_id, id, deleted_at_ms) WHERE deleted_at_ms IS NULL;
CREATE INDEX sim_present ON sim (organisation_id, id, deleted_at_ms) WHERE deleted_at_ms IS NULL;
