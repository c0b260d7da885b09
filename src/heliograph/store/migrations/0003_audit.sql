-- Who changed what. A send is audited by its message's row. home_id: the actor's organisation, which for an operator is another one.
-- changes: JSON, name of a field to its value before and after.
CREATE TABLE audit (
  id BIGINT PRIMARY KEY, organisation_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, home_id BIGINT NOT NULL, user_id BIGINT, token_id BIGINT,
  who TEXT, role TEXT NOT NULL, door TEXT NOT NULL, address TEXT, action TEXT NOT NULL, object_id BIGINT, changes TEXT NOT NULL);
CREATE INDEX audit_of_organisation ON audit (organisation_id, id);
