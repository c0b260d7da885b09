-- Numbers and ICCIDs are unique within a number space: "" is the installation's, a link may name another.
ALTER TABLE sim ADD COLUMN number_space TEXT NOT NULL DEFAULT '';
ALTER TABLE link ADD COLUMN number_space TEXT NOT NULL DEFAULT '';
DROP INDEX sim_iccid;
CREATE UNIQUE INDEX sim_iccid ON sim (iccid, number_space) WHERE deleted_at_ms IS NULL;
