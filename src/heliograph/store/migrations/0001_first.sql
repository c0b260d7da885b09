-- Times are integer UTC milliseconds. Ids come from id_counter. JSON is opaque text. Closed sets of states live in code.
-- No index stands on a column that changes with each message, so that PostgreSQL updates those rows in place.

CREATE TABLE id_counter (kind TEXT PRIMARY KEY, next_id BIGINT NOT NULL);
CREATE TABLE feed (organisation_id BIGINT PRIMARY KEY, last_number BIGINT NOT NULL);
CREATE TABLE event (
  organisation_id BIGINT NOT NULL, number BIGINT NOT NULL, type TEXT NOT NULL, at_ms BIGINT NOT NULL,
  device_id BIGINT, message_id BIGINT, detail TEXT,
  PRIMARY KEY (organisation_id, number));
-- What people did, among the many events of messages.
CREATE INDEX event_of_management ON event (organisation_id, number) WHERE substr(type, 1, 4) <> 'sms.';
CREATE INDEX event_of_device ON event (device_id, number) WHERE substr(type, 1, 4) <> 'sms.';

-- A process of the installation. open_from: no notification below it is claimed by this process and still open. claims: how often it
-- claimed notifications that were there before, each of which may have lowered open_from.
CREATE TABLE node (id BIGINT PRIMARY KEY, name TEXT NOT NULL, started_at_ms BIGINT NOT NULL, beat BIGINT NOT NULL,
  open_from BIGINT NOT NULL, claims BIGINT NOT NULL DEFAULT 0, stopped_at_ms BIGINT);

CREATE TABLE organisation (
  id BIGINT PRIMARY KEY, name TEXT NOT NULL, default_source TEXT, created_at_ms BIGINT NOT NULL);
CREATE TABLE app_user (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  password_hash TEXT, role TEXT NOT NULL, created_at_ms BIGINT NOT NULL, disabled_at_ms BIGINT);
CREATE TABLE application_token (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), creator_id BIGINT REFERENCES app_user (id),
  description TEXT, token_hash TEXT NOT NULL UNIQUE, ip TEXT, role TEXT NOT NULL, created_at_ms BIGINT NOT NULL, expiry_at_ms BIGINT, revoked_at_ms BIGINT);
CREATE TABLE signing_key (name TEXT PRIMARY KEY, secret TEXT NOT NULL, created_at_ms BIGINT NOT NULL);
CREATE TABLE login_failure (
  email TEXT NOT NULL, address TEXT NOT NULL, failures BIGINT NOT NULL, last_at_ms BIGINT NOT NULL, PRIMARY KEY (email, address));

CREATE TABLE api_callback (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), url TEXT NOT NULL, purpose TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, deleted_at_ms BIGINT, disabled_at_ms BIGINT);
CREATE TABLE api_secret (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), purpose TEXT NOT NULL, secret TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL, deleted_at_ms BIGINT);
CREATE TABLE tariff_profile (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), name TEXT NOT NULL, description TEXT);
-- Switches are 0 or 1. settings: what of a policy is ours, JSON.
CREATE TABLE service_profile (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), name TEXT NOT NULL, description TEXT,
  mt BIGINT NOT NULL, mo BIGINT NOT NULL, sms_a2p BIGINT NOT NULL, sms_p2p_int BIGINT NOT NULL, sms_p2p_ext BIGINT NOT NULL,
  esme_interface_type_id BIGINT NOT NULL, api_callback_id BIGINT REFERENCES api_callback (id),
  api_secret_id BIGINT REFERENCES api_secret (id), apply_sms_quota BIGINT NOT NULL DEFAULT 0, settings TEXT NOT NULL DEFAULT '{}',
  created_at_ms BIGINT NOT NULL, deleted_at_ms BIGINT);

CREATE TABLE link (
  id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, settings TEXT NOT NULL, created_at_ms BIGINT NOT NULL,
  disabled_at_ms BIGINT);
-- The owner of a link. A process takes over with the next epoch when it saw the same beat for long enough on its own clock.
CREATE TABLE link_lease (
  link_id BIGINT PRIMARY KEY REFERENCES link (id), epoch BIGINT NOT NULL, node_id BIGINT, beat BIGINT NOT NULL,
  state TEXT NOT NULL, reason TEXT, changed_at_ms BIGINT NOT NULL);
CREATE UNIQUE INDEX lease_epoch ON link_lease (link_id, epoch);
-- postgres:ALTER TABLE link_lease SET (fillfactor = 50);

CREATE TABLE device (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), name TEXT NOT NULL DEFAULT '', tags TEXT, imei TEXT,
  imei_lock BIGINT NOT NULL DEFAULT 0, status_id BIGINT NOT NULL, service_profile_id BIGINT NOT NULL REFERENCES service_profile (id),
  tariff_profile_id BIGINT NOT NULL REFERENCES tariff_profile (id), ip_address TEXT, ip_address_space_id BIGINT,
  created_at_ms BIGINT NOT NULL, last_updated_at_ms BIGINT NOT NULL, deleted_at_ms BIGINT);
CREATE INDEX device_of_organisation ON device (organisation_id, id);
CREATE INDEX device_of_policy ON device (service_profile_id);
CREATE INDEX device_of_tariff ON device (tariff_profile_id);
CREATE TABLE sim (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), iccid TEXT NOT NULL, imsi TEXT, msisdn TEXT,
  status_id BIGINT NOT NULL, device_id BIGINT UNIQUE REFERENCES device (id), bic TEXT, model TEXT, production_at_ms BIGINT NOT NULL,
  activation_at_ms BIGINT, deleted_at_ms BIGINT);
CREATE UNIQUE INDEX sim_iccid ON sim (iccid) WHERE deleted_at_ms IS NULL;
CREATE INDEX sim_of_organisation ON sim (organisation_id, id);
CREATE INDEX sim_of_bic ON sim (bic);
-- Every number by which a SIM is known: kind is msisdn, alias or imsi.
CREATE TABLE sim_number (
  number TEXT NOT NULL, number_space TEXT NOT NULL, kind TEXT NOT NULL, sim_id BIGINT NOT NULL REFERENCES sim (id),
  PRIMARY KEY (number, number_space));
CREATE INDEX number_of_sim ON sim_number (sim_id);
-- Mobile networks that a device is not to use, as its application asked; model/mobile_network.py names them.
CREATE TABLE operator_blacklist (
  device_id BIGINT NOT NULL REFERENCES device (id), operator_id BIGINT NOT NULL, added_at_ms BIGINT NOT NULL,
  PRIMARY KEY (device_id, operator_id));

-- The waiting messages for one destination. Idle: due and taken are null. Taken: taken_epoch is the link's epoch, its head may be on
-- its way. Waiting: due_at_ms is when the owner must look at it; retry_at_ms: not sent before. Empty when head_seq = next_seq.
CREATE TABLE lane (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL, link_id BIGINT NOT NULL, device_id BIGINT, number TEXT,
  next_seq BIGINT NOT NULL DEFAULT 1, head_seq BIGINT NOT NULL DEFAULT 1, taken_epoch BIGINT, due_at_ms BIGINT, retry_at_ms BIGINT,
  ladder_step BIGINT NOT NULL DEFAULT 0, woken_at_ms BIGINT NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX lane_of_device ON lane (device_id);
CREATE UNIQUE INDEX lane_of_number ON lane (organisation_id, number);
CREATE INDEX lane_due ON lane (link_id, organisation_id, due_at_ms);
-- postgres:ALTER TABLE lane SET (fillfactor = 50);

-- segment_states: one letter a segment (model/message.py). callback_id, secret_id: the webhook at the time of acceptance.
CREATE TABLE message (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL, device_id BIGINT, sim_id BIGINT, direction BIGINT NOT NULL,
  traffic_class TEXT NOT NULL, lane_id BIGINT, lane_seq BIGINT, link_id BIGINT, door TEXT NOT NULL, user_id BIGINT, token_id BIGINT,
  source TEXT NOT NULL, source_type BIGINT NOT NULL, dest TEXT NOT NULL, payload TEXT NOT NULL, dcs BIGINT NOT NULL, pid BIGINT NOT NULL,
  udh TEXT NOT NULL, segments BIGINT NOT NULL, segment_states TEXT NOT NULL, state BIGINT NOT NULL, reason TEXT,
  reason_code TEXT, submitted_at_ms BIGINT NOT NULL, expiry_at_ms BIGINT NOT NULL, final_at_ms BIGINT, last_attempt_at_ms BIGINT,
  retry_at_ms BIGINT, attempts BIGINT NOT NULL DEFAULT 0, retries BIGINT NOT NULL DEFAULT 0, cancel_requested_at_ms BIGINT,
  callback_id BIGINT, secret_id BIGINT, peer_id BIGINT, note TEXT);
CREATE INDEX message_of_lane ON message (lane_id, lane_seq);
CREATE INDEX message_of_device ON message (device_id, id);
-- postgres:ALTER TABLE message SET (fillfactor = 80);
CREATE TABLE attempt (
  message_id BIGINT NOT NULL, number BIGINT NOT NULL, segment BIGINT NOT NULL, link_id BIGINT NOT NULL, at_ms BIGINT NOT NULL,
  answered_at_ms BIGINT NOT NULL, outcome TEXT NOT NULL, error_class TEXT, code BIGINT, reason TEXT, ref TEXT,
  PRIMARY KEY (message_id, number, segment));
-- Asked of the owner of a link: take this message back if it is not yet with the network.
CREATE TABLE cancel_request (message_id BIGINT PRIMARY KEY, link_id BIGINT NOT NULL, asked_at_ms BIGINT NOT NULL);

-- What settle and receipt leave for each other. uses: how many segments claimed the key; only 1 makes it a key.
CREATE TABLE correlation (
  correlation_group TEXT NOT NULL, key TEXT NOT NULL, message_id BIGINT, segment BIGINT, source TEXT, dest TEXT,
  uses BIGINT NOT NULL, receipt_id BIGINT, expires_at_ms BIGINT NOT NULL, PRIMARY KEY (correlation_group, key));
CREATE INDEX correlation_expiry ON correlation (expires_at_ms);
CREATE TABLE receipt (
  id BIGINT PRIMARY KEY, link_id BIGINT NOT NULL, received_at_ms BIGINT NOT NULL, keys TEXT NOT NULL, source TEXT NOT NULL,
  dest TEXT NOT NULL, state TEXT NOT NULL, word TEXT NOT NULL, error TEXT, message_id BIGINT, segment BIGINT, disposition TEXT NOT NULL);
CREATE INDEX receipt_of_message ON receipt (message_id);

-- The parts of a long inbound SMS, until the set is complete or 10 minutes pass after the last.
CREATE TABLE part_set (
  id BIGINT PRIMARY KEY, link_id BIGINT NOT NULL, source TEXT NOT NULL, dest TEXT NOT NULL, reference BIGINT NOT NULL,
  total BIGINT NOT NULL, alphabet TEXT NOT NULL, last_at_ms BIGINT NOT NULL, parts BIGINT NOT NULL,
  UNIQUE (link_id, source, dest, reference, total, alphabet));
CREATE INDEX part_set_age ON part_set (link_id, last_at_ms);
CREATE TABLE part (
  set_id BIGINT NOT NULL, number BIGINT NOT NULL, udh TEXT NOT NULL, user_data TEXT NOT NULL, dcs BIGINT NOT NULL, pid BIGINT NOT NULL,
  received_at_ms BIGINT NOT NULL, PRIMARY KEY (set_id, number));
-- Inbound SMS whose answer may have been lost: the network may send them again.
CREATE TABLE answer_lost (
  link_id BIGINT NOT NULL, fingerprint TEXT NOT NULL, message_id BIGINT, at_ms BIGINT NOT NULL, PRIMARY KEY (link_id, fingerprint));
CREATE TABLE unmatched_inbound (
  message_id BIGINT PRIMARY KEY, link_id BIGINT NOT NULL, source TEXT NOT NULL, dest TEXT, udh TEXT NOT NULL, user_data TEXT NOT NULL,
  dcs BIGINT NOT NULL, received_at_ms BIGINT NOT NULL, reason TEXT NOT NULL);

CREATE TABLE usage_counter (
  scope TEXT NOT NULL, scope_id BIGINT NOT NULL, period TEXT NOT NULL, traffic TEXT NOT NULL, used BIGINT NOT NULL,
  PRIMARY KEY (scope, scope_id, period, traffic));
-- postgres:ALTER TABLE usage_counter SET (fillfactor = 50);

-- A delivery to an application. Claimed: claimed_by is set and due_at_ms null. Waiting: due_at_ms is set. Final: final_at_ms is set.
CREATE TABLE notification (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL, callback_id BIGINT NOT NULL, secret_id BIGINT, message_id BIGINT NOT NULL,
  type TEXT NOT NULL, method TEXT NOT NULL, body TEXT NOT NULL, created_at_ms BIGINT NOT NULL, state BIGINT NOT NULL,
  claimed_by BIGINT, due_at_ms BIGINT, tries BIGINT NOT NULL DEFAULT 0, final_at_ms BIGINT);
CREATE INDEX notification_due ON notification (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX notification_of_message ON notification (message_id);
-- postgres:ALTER TABLE notification SET (fillfactor = 85);
CREATE TABLE delivery_attempt (
  notification_id BIGINT NOT NULL, number BIGINT NOT NULL, at_ms BIGINT NOT NULL, duration_ms BIGINT NOT NULL, status BIGINT,
  address TEXT, error TEXT, answer TEXT, PRIMARY KEY (notification_id, number));
