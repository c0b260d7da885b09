-- When a process last showed that it lives, by its own clock: what it committed after that may not have been answered.
ALTER TABLE node ADD COLUMN beat_at_ms BIGINT NOT NULL DEFAULT 0;
