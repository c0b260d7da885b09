-- Lists of an organisation go from new to old. None of its columns ever changes, so that PostgreSQL goes on to update messages in place.
CREATE INDEX message_of_organisation ON message (organisation_id, submitted_at_ms, id);
