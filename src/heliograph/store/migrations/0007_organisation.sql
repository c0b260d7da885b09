ALTER TABLE organisation ADD COLUMN deleted_at_ms BIGINT;
-- A link that stands here is for these organisations only; one that does not is for all.
CREATE TABLE link_reservation (
  link_id BIGINT NOT NULL REFERENCES link (id), organisation_id BIGINT NOT NULL REFERENCES organisation (id),
  PRIMARY KEY (link_id, organisation_id));
