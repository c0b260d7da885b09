-- What the overview shows, added up from the feed some seconds behind it. number: of the latest event that is added up.
CREATE TABLE overview_cursor (organisation_id BIGINT PRIMARY KEY, number BIGINT NOT NULL);
-- hour: of UTC, counted from 1970. reason: of what failed or was refused, else empty.
CREATE TABLE overview_hour (
  organisation_id BIGINT NOT NULL, hour BIGINT NOT NULL, event TEXT NOT NULL, reason TEXT NOT NULL, messages BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, hour, event, reason));
-- postgres:ALTER TABLE overview_hour SET (fillfactor = 70);
-- How long deliveries took: bucket as in model/overview.py.
CREATE TABLE overview_delay (
  organisation_id BIGINT NOT NULL, hour BIGINT NOT NULL, bucket BIGINT NOT NULL, messages BIGINT NOT NULL,
  PRIMARY KEY (organisation_id, hour, bucket));
-- postgres:ALTER TABLE overview_delay SET (fillfactor = 70);
CREATE TABLE overview_device (
  organisation_id BIGINT NOT NULL, day BIGINT NOT NULL, device_id BIGINT NOT NULL, sent BIGINT NOT NULL, received BIGINT NOT NULL,
  failed BIGINT NOT NULL, PRIMARY KEY (organisation_id, day, device_id));
-- postgres:ALTER TABLE overview_device SET (fillfactor = 70);
