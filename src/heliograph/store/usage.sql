-- name: add (scope text, scope_id bigint, period text, traffic text, units bigint)
INSERT INTO usage_counter (scope, scope_id, period, traffic, used)
SELECT scope, scope_id, period, traffic, units FROM input WHERE true ORDER BY scope, scope_id, period, traffic
ON CONFLICT (scope, scope_id, period, traffic) DO UPDATE SET used = usage_counter.used + excluded.used;

-- name: ensure
INSERT INTO usage_counter (scope, scope_id, period, traffic, used) VALUES (:scope, :scope_id, :period, :traffic, 0)
ON CONFLICT (scope, scope_id, period, traffic) DO NOTHING;

-- name: add_within
UPDATE usage_counter SET used = used + :units
WHERE scope = :scope AND scope_id = :scope_id AND period = :period AND traffic = :traffic AND used + :units <= :most RETURNING used;

-- name: used
SELECT used FROM usage_counter WHERE scope = :scope AND scope_id = :scope_id AND period = :period AND traffic = :traffic;
