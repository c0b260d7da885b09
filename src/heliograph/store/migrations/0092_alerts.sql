-- Those that are over are looked for every 5 s. Nothing else has an entry here, and no column of it changes.
CREATE INDEX notification_alert ON notification (id) WHERE type = 'device.alert';
