-- A tag of devices with an id and a colour. Which devices have it, their `tags` say: a list separated by commas.
CREATE TABLE tag (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), name TEXT NOT NULL, color_id BIGINT NOT NULL,
  UNIQUE (organisation_id, name));
