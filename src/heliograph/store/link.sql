-- name: insert
INSERT INTO link (id, name, kind, settings, number_space, created_at_ms) VALUES (:id, :name, :kind, :settings, :number_space, :now);

-- name: insert_lease
INSERT INTO link_lease (link_id, epoch, node_id, beat, state, changed_at_ms) VALUES (:link_id, 0, NULL, 0, 'stopped', :now);

-- name: list
SELECT link.id, link.name, link.kind, link.settings, lease.epoch, lease.node_id, lease.beat, lease.state, lease.reason, lease.changed_at_ms,
  link.trace_until_ms
FROM link JOIN link_lease AS lease ON lease.link_id = link.id WHERE link.disabled_at_ms IS NULL ORDER BY link.id;

-- name: views
SELECT link.id, link.name, link.kind, link.settings, link.created_at_ms, link.disabled_at_ms, lease.state, lease.reason, lease.changed_at_ms,
  node.name AS node_name, node.beat_at_ms
FROM link JOIN link_lease AS lease ON lease.link_id = link.id LEFT JOIN node ON node.id = lease.node_id ORDER BY link.id;

-- name: views_of_organisation
SELECT link.id, link.name, '' AS kind, '{}' AS settings, link.created_at_ms, link.disabled_at_ms, lease.state, NULL AS reason,
  lease.changed_at_ms, NULL AS node_name
FROM link JOIN link_lease AS lease ON lease.link_id = link.id
WHERE EXISTS (SELECT 1 FROM lane WHERE lane.link_id = link.id AND lane.organisation_id = :organisation_id) ORDER BY link.id;

-- name: exists_by_id
SELECT 1 FROM link WHERE id = :id;

-- name: reservations
SELECT link_id, organisation_id FROM link_reservation ORDER BY link_id, organisation_id;

-- name: reserve
INSERT INTO link_reservation (link_id, organisation_id) VALUES (:link_id, :organisation_id)
ON CONFLICT (link_id, organisation_id) DO NOTHING RETURNING link_id;

-- name: unreserve
DELETE FROM link_reservation WHERE link_id = :link_id AND organisation_id = :organisation_id RETURNING link_id;

-- name: view
SELECT link.id, link.name, link.kind, link.settings, link.created_at_ms, link.disabled_at_ms, lease.state, lease.reason, lease.changed_at_ms,
  node.name AS node_name, node.beat_at_ms
FROM link JOIN link_lease AS lease ON lease.link_id = link.id LEFT JOIN node ON node.id = lease.node_id WHERE link.id = :id;

-- name: lock
SELECT name, kind, settings, disabled_at_ms FROM link WHERE id = :id FOR UPDATE;

-- name: rename
UPDATE link SET name = :name WHERE id = :id;

-- name: delete_reservations
DELETE FROM link_reservation WHERE link_id = :id;

-- name: delete_lease
DELETE FROM link_lease WHERE link_id = :id;

-- name: delete
DELETE FROM link WHERE id = :id;

-- name: trace_until
UPDATE link SET trace_until_ms = :until WHERE id = :id RETURNING id;

-- name: keep_trace (id bigint, link_id bigint, at_ms bigint, bind text, is_sent bigint, pdu text)
INSERT INTO link_trace (id, link_id, at_ms, bind, is_sent, pdu) SELECT id, link_id, at_ms, bind, is_sent, pdu FROM input;

-- name: trace
SELECT id, at_ms, bind, is_sent, pdu FROM link_trace WHERE link_id = :link_id AND id > :after ORDER BY id LIMIT :most;

-- name: latest_trace
SELECT id, at_ms, bind, is_sent, pdu FROM link_trace WHERE link_id = :link_id ORDER BY id DESC LIMIT :most;

-- name: last_trace
SELECT coalesce(max(id), 0) AS last FROM link_trace;

-- name: forget_traces
DELETE FROM link_trace WHERE at_ms < :before;

-- name: waiting
SELECT count(*) AS waiting FROM lane WHERE link_id = :link_id AND head_seq < next_seq;

-- name: number_spaces
SELECT DISTINCT number_space FROM link ORDER BY number_space;

-- name: by_name
SELECT id FROM link WHERE name = :name;

-- name: set_disabled
UPDATE link SET disabled_at_ms = :disabled_at_ms WHERE id = :id RETURNING id;

-- name: update_settings
UPDATE link SET settings = :settings, number_space = :number_space WHERE id = :id;

-- name: acquire
UPDATE link_lease SET epoch = epoch + 1, node_id = :node_id, beat = beat + 1, state = 'starting', reason = NULL, changed_at_ms = :now
WHERE link_id = :link_id AND epoch = :epoch AND beat = :beat RETURNING epoch;

-- name: beat
UPDATE link_lease SET beat = beat + 1 WHERE link_id = :link_id AND epoch = :epoch AND node_id = :node_id RETURNING beat;

-- name: state
SELECT link.name, lease.state FROM link JOIN link_lease AS lease ON lease.link_id = link.id WHERE link.id = :link_id;

-- name: set_state
UPDATE link_lease SET state = :state, reason = :reason, changed_at_ms = :now
WHERE link_id = :link_id AND epoch = :epoch RETURNING epoch;

-- name: release
UPDATE link_lease SET node_id = NULL, beat = beat + 1, state = 'stopped', reason = NULL, changed_at_ms = :now
WHERE link_id = :link_id AND epoch = :epoch AND node_id = :node_id RETURNING epoch;

-- name: hold_all (link_id bigint, epoch bigint)
SELECT lease.link_id, lease.epoch FROM input JOIN link_lease AS lease ON lease.link_id = input.link_id AND lease.epoch = input.epoch
WHERE lease.node_id IS NOT NULL ORDER BY lease.link_id FOR KEY SHARE OF lease;

-- name: hold
SELECT epoch FROM link_lease WHERE link_id = :link_id AND epoch = :epoch AND node_id IS NOT NULL FOR KEY SHARE;

-- name: free_of_node
UPDATE link_lease SET node_id = NULL, beat = beat + 1, state = 'stopped', reason = 'its process ended' WHERE node_id = :node_id
RETURNING link_id;

-- name: told
-- The latest that befell the installation, read by its index; which of it is a link's, its detail says.
SELECT type, at_ms, detail FROM event WHERE organisation_id = 0 AND substr(type, 1, 4) <> 'sms.' ORDER BY number DESC LIMIT :latest;

-- name: latest
SELECT max(at_ms) FROM (
  SELECT max(changed_at_ms) AS at_ms FROM link_lease
  UNION ALL SELECT (SELECT submitted_at_ms FROM message ORDER BY id DESC LIMIT 1)
  UNION ALL SELECT max(started_at_ms) FROM node) AS times;
