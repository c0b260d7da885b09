-- Why applications were refused over SMPP: added up by account, request, reason and address, and of an account the latest few. system_id
-- is empty for those who named no account that there is; detail is then what they named, of a submit the number it was for.
CREATE TABLE smpp_refusal (
  system_id TEXT NOT NULL, request TEXT NOT NULL, reason TEXT NOT NULL, address TEXT NOT NULL, command_status BIGINT NOT NULL,
  detail TEXT NOT NULL, count BIGINT NOT NULL, first_at_ms BIGINT NOT NULL, last_at_ms BIGINT NOT NULL,
  PRIMARY KEY (system_id, request, reason, address));
