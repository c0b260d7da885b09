-- When a lane is to be searched for messages whose validity is over, at the latest: so that only lanes that may have some are. It is
-- lowered with each message that ends earlier, and set anew by the search. NULL: nothing waits that the last search saw.
ALTER TABLE lane ADD COLUMN expire_at_ms BIGINT;
UPDATE lane SET expire_at_ms = (SELECT min(message.expiry_at_ms) FROM message
  WHERE message.lane_id = lane.id AND message.lane_seq >= lane.head_seq AND message.state < 4)
WHERE taken_epoch IS NOT NULL OR due_at_ms IS NOT NULL;
CREATE INDEX lane_expiring ON lane (expire_at_ms);
