-- Messages that are not to be sent before a time. due_at_ms: while it waits for that time, outside any lane; null afterwards.
CREATE TABLE scheduled (message_id BIGINT PRIMARY KEY, scheduled_at_ms BIGINT NOT NULL, due_at_ms BIGINT);
CREATE INDEX scheduled_due ON scheduled (due_at_ms) WHERE due_at_ms IS NOT NULL;
-- Messages that were asked for as another sending of an earlier one.
CREATE TABLE resent (message_id BIGINT PRIMARY KEY, resend_of BIGINT NOT NULL);
CREATE INDEX resent_of ON resent (resend_of);
