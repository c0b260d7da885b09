-- What belongs to nobody, by the link that brought it: the page of a link shows the newest.
CREATE INDEX receipt_unmatched ON receipt (link_id, id) WHERE message_id IS NULL;
CREATE INDEX unmatched_inbound_of_link ON unmatched_inbound (link_id, message_id);
