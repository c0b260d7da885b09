-- How a session does, noted by its process every ten seconds where it changed: what it asked for since its bind and what it was sent, how
-- much of each in the last minute's pace, and what was unanswered at that moment, of its requests and of ours.
ALTER TABLE smpp_session ADD COLUMN submits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smpp_session ADD COLUMN delivers BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smpp_session ADD COLUMN submits_a_minute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smpp_session ADD COLUMN delivers_a_minute BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smpp_session ADD COLUMN unanswered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE smpp_session ADD COLUMN owed BIGINT NOT NULL DEFAULT 0;
