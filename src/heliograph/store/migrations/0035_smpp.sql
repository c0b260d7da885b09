-- What applications bind with: pol_<id> of a service policy, org_<id> of an organisation (policy_id is null then). settings: JSON
-- (model/esme.py). Whose password was reset, or who was disabled, loses the sessions that were bound before.
CREATE TABLE smpp_account (
  system_id TEXT PRIMARY KEY, organisation_id BIGINT NOT NULL REFERENCES organisation (id), policy_id BIGINT REFERENCES service_profile (id),
  password_hash TEXT NOT NULL, settings TEXT NOT NULL, created_at_ms BIGINT NOT NULL, password_at_ms BIGINT NOT NULL, disabled_at_ms BIGINT);
CREATE INDEX smpp_account_of_organisation ON smpp_account (organisation_id);
-- Sessions that are bound, by the process that holds the connection. bind: transmitter, receiver or transceiver.
CREATE TABLE smpp_session (
  id BIGINT PRIMARY KEY, system_id TEXT NOT NULL, node_id BIGINT NOT NULL, bind TEXT NOT NULL, version BIGINT NOT NULL,
  address TEXT NOT NULL, tls BIGINT NOT NULL, bound_at_ms BIGINT NOT NULL);
CREATE INDEX smpp_session_of_account ON smpp_session (system_id);
CREATE INDEX smpp_session_of_node ON smpp_session (node_id);
