-- A notification goes to a webhook, or to the application that binds with an SMPP account: account is its system id then, callback_id 0.
ALTER TABLE notification ADD COLUMN account TEXT;
DROP INDEX notification_due;
CREATE INDEX notification_due ON notification (due_at_ms) WHERE due_at_ms IS NOT NULL AND account IS NULL;
CREATE INDEX notification_of_account ON notification (account, due_at_ms, id) WHERE due_at_ms IS NOT NULL AND account IS NOT NULL;
