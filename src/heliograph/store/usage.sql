-- name: add (scope text, scope_id bigint, period text, traffic text, units bigint)
INSERT INTO usage_counter (scope, scope_id, period, traffic, used)
SELECT scope, scope_id, period, traffic, units FROM input WHERE true ORDER BY scope, scope_id, period, traffic
ON CONFLICT (scope, scope_id, period, traffic) DO UPDATE SET used = usage_counter.used + excluded.used;

-- name: of_a_device
SELECT period, traffic, used FROM usage_counter
WHERE scope = 'device' AND scope_id = :device_id AND length(period) = :length AND period >= :first AND period <= :last
ORDER BY period, traffic;

-- name: last_device
-- The last device that a look at an organisation goes up to.
SELECT id FROM device WHERE (:organisation_id = 0 OR organisation_id = :organisation_id) AND id > :after ORDER BY id LIMIT 1 OFFSET :passed;

-- name: of_an_organisation
SELECT counter.period, counter.traffic, CAST(sum(counter.used) AS bigint)
FROM (SELECT id FROM device WHERE (:organisation_id = 0 OR organisation_id = :organisation_id) AND id > :after ORDER BY id LIMIT :size) AS device
CROSS JOIN usage_counter AS counter
WHERE counter.scope = 'device' AND counter.scope_id = device.id
AND length(counter.period) = :length AND counter.period >= :first AND counter.period <= :last
GROUP BY counter.period, counter.traffic ORDER BY counter.period, counter.traffic;

-- name: counted_since
SELECT direction, segments, submitted_at_ms FROM (
  SELECT direction, segments, submitted_at_ms, state, attempts, final_at_ms FROM message
  WHERE device_id = :device_id ORDER BY id DESC LIMIT 5000) AS latest
WHERE submitted_at_ms >= :from_ms
AND CASE WHEN direction = 2 THEN state = 4 ELSE final_at_ms IS NULL OR attempts > 0 END;

-- name: hold (scope text, scope_id bigint, period text, traffic text)
INSERT INTO usage_counter (scope, scope_id, period, traffic, used)
SELECT scope, scope_id, period, traffic, 0 FROM input WHERE true ORDER BY scope, scope_id, period, traffic
ON CONFLICT (scope, scope_id, period, traffic) DO UPDATE SET used = usage_counter.used
RETURNING scope, scope_id, period, traffic, used, told;

-- name: peek (scope text, scope_id bigint, period text, traffic text)
SELECT counter.scope, counter.scope_id, counter.period, counter.traffic, counter.used, counter.told
FROM input JOIN usage_counter AS counter ON counter.scope = input.scope AND counter.scope_id = input.scope_id
  AND counter.period = input.period AND counter.traffic = input.traffic;

-- name: tell (scope text, scope_id bigint, period text, traffic text)
UPDATE usage_counter SET told = 1 FROM input WHERE usage_counter.scope = input.scope AND usage_counter.scope_id = input.scope_id
  AND usage_counter.period = input.period AND usage_counter.traffic = input.traffic;

-- name: set
INSERT INTO usage_counter (scope, scope_id, period, traffic, used) VALUES (:scope, :scope_id, :period, :traffic, :used)
ON CONFLICT (scope, scope_id, period, traffic) DO UPDATE SET used = excluded.used, told = 0;

-- name: give_back (scope text, scope_id bigint, period text, traffic text, units bigint)
UPDATE usage_counter SET used = used - input.units FROM input WHERE usage_counter.scope = input.scope
  AND usage_counter.scope_id = input.scope_id AND usage_counter.period = input.period AND usage_counter.traffic = input.traffic;
