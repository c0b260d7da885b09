-- part: fits
-- Whether a route is one for a device: its value fits, it leads to a link of the SIM's number space, and that is not kept for others.
(route.kind = 'all'
        OR (route.kind = 'prefix' AND sim.msisdn LIKE route.value || '%')
        OR (route.kind = 'imsi' AND sim.imsi LIKE route.value || '%')
        OR (route.kind = 'device' AND CAST(device.id AS TEXT) = route.value)
        OR (route.kind = 'policy' AND CAST(device.service_profile_id AS TEXT) = route.value)
        OR (route.kind = 'organisation' AND CAST(device.organisation_id AS TEXT) = route.value)
        OR (route.kind = 'tag' AND lower(replace(',' || coalesce(device.tags, '') || ',', ', ', ',')) LIKE '%,' || lower(route.value) || ',%'))
      AND EXISTS (SELECT 1 FROM link WHERE link.id = route.link_id AND link.number_space = coalesce(sim.number_space, ''))
      AND (NOT EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = route.link_id)
        OR EXISTS (SELECT 1 FROM link_reservation
          WHERE link_reservation.link_id = route.link_id AND link_reservation.organisation_id = device.organisation_id))

-- name: all
SELECT id, position, kind, value, link_ids, link_id FROM route ORDER BY position, id;

-- name: to_phones
SELECT route.value, route.link_id FROM route WHERE route.kind = 'phone'
AND (NOT EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = route.link_id)
  OR EXISTS (SELECT 1 FROM link_reservation
    WHERE link_reservation.link_id = route.link_id AND link_reservation.organisation_id = :organisation_id))
ORDER BY route.position, route.id;

-- name: insert
INSERT INTO route (id, position, kind, value, link_ids, link_id, created_at_ms)
VALUES (:id, :position, :kind, :value, :link_ids, :link_id, :now);

-- name: update
UPDATE route SET position = :position, kind = :kind, value = :value, link_ids = :link_ids, link_id = :link_id WHERE id = :id;

-- name: place
UPDATE route SET position = :position WHERE id = :id;

-- name: of_device
-- The link that a device goes by, and the first route that says so, if one does.
SELECT lane.link_id, (SELECT route.id FROM route WHERE {fits}
  ORDER BY route.position, route.id LIMIT 1) AS route_id
FROM lane JOIN device ON device.id = lane.device_id LEFT JOIN sim ON sim.device_id = device.id WHERE device.id = :device_id;

-- name: delete
DELETE FROM route WHERE id = :id RETURNING id;

-- name: choose
UPDATE route SET link_id = :link_id WHERE id = :id;

-- name: states
SELECT link.id, link.disabled_at_ms, lease.state, lease.changed_at_ms FROM link JOIN link_lease AS lease ON lease.link_id = link.id;

-- name: reassign_phones
-- What waits for phones on one of a route's links, or on none since its link was deleted, follows the route. Other lanes of phones stay: by
-- the link that brought their SMS.
UPDATE lane SET link_id = wanted.link_id FROM (
  SELECT lane.id AS lane_id, (SELECT route.link_id FROM route WHERE route.kind = 'phone'
      AND (lane.number LIKE '%/' || route.value || '%' OR (lane.number LIKE route.value || '%' AND lane.number NOT LIKE '%/%'))
      AND (lane.link_id = 0 OR replace(replace(route.link_ids, '[', ','), ']', ',') LIKE '%,' || lane.link_id || ',%')
      AND (NOT EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = route.link_id)
        OR EXISTS (SELECT 1 FROM link_reservation
          WHERE link_reservation.link_id = route.link_id AND link_reservation.organisation_id = lane.organisation_id))
      ORDER BY route.position, route.id LIMIT 1) AS link_id
  FROM lane WHERE lane.device_id IS NULL AND lane.due_at_ms IS NOT NULL) AS wanted
WHERE wanted.lane_id = lane.id AND wanted.link_id IS NOT NULL AND lane.taken_epoch IS NULL AND lane.link_id <> wanted.link_id;

-- name: stranded
SELECT sim.number_space, count(*) AS devices FROM lane JOIN sim ON sim.device_id = lane.device_id
WHERE lane.link_id = 0 GROUP BY sim.number_space ORDER BY sim.number_space;

-- name: held_elsewhere
SELECT 1 FROM lane JOIN link ON link.id = lane.link_id JOIN sim ON sim.device_id = lane.device_id
WHERE lane.device_id = :device_id AND link.number_space <> sim.number_space;

-- name: reassign
-- The lanes of devices that are to go by another link: by the first route that fits, else where they are if that link is there and theirs,
-- else by the first that is, else by none. What may be on its way ends where it is.
UPDATE lane SET link_id = wanted.link_id FROM (
  SELECT lane.id AS lane_id, coalesce(
    (SELECT route.link_id FROM route WHERE {fits}
      ORDER BY route.position, route.id LIMIT 1),
    (SELECT link.id FROM link WHERE link.id = lane.link_id AND link.number_space = coalesce(sim.number_space, '')
      AND (NOT EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = link.id)
        OR EXISTS (SELECT 1 FROM link_reservation
          WHERE link_reservation.link_id = link.id AND link_reservation.organisation_id = device.organisation_id))),
    (SELECT min(link.id) FROM link WHERE link.disabled_at_ms IS NULL AND link.number_space = coalesce(sim.number_space, '')
      AND (NOT EXISTS (SELECT 1 FROM link_reservation WHERE link_reservation.link_id = link.id)
        OR EXISTS (SELECT 1 FROM link_reservation
          WHERE link_reservation.link_id = link.id AND link_reservation.organisation_id = device.organisation_id))),
    0) AS link_id
  FROM lane JOIN device ON device.id = lane.device_id LEFT JOIN sim ON sim.device_id = device.id
  WHERE lane.device_id BETWEEN :first AND :last) AS wanted
WHERE wanted.lane_id = lane.id AND lane.taken_epoch IS NULL AND lane.link_id <> wanted.link_id;
