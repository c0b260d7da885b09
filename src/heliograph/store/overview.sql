-- name: behind
-- Where the feed of each organisation has more than was added up.
SELECT feed.organisation_id, coalesce(overview_cursor.number, 0), feed.last_number
FROM feed LEFT JOIN overview_cursor ON overview_cursor.organisation_id = feed.organisation_id
WHERE feed.last_number > coalesce(overview_cursor.number, 0) ORDER BY feed.organisation_id;

-- name: happened
-- Counted here, not event by event by the interpreter. A delay is cut to three digits: many are equal then.
SELECT type, hour, reason, CASE WHEN delay_ms < 1000 THEN delay_ms WHEN delay_ms < 10000 THEN delay_ms - delay_ms % 10
  WHEN delay_ms < 100000 THEN delay_ms - delay_ms % 100 ELSE delay_ms - delay_ms % 1000 END AS cut_ms, count(*) AS messages
FROM (
  SELECT event.type AS type, event.at_ms / 3600000 AS hour,
    CASE WHEN event.type IN ('sms.failed', 'sms.expired', 'sms.refused') THEN coalesce(message.reason_code, 'unknown') ELSE '' END AS reason,
    CASE WHEN event.type = 'sms.delivered' THEN event.at_ms - coalesce(scheduled.scheduled_at_ms, message.submitted_at_ms) ELSE 0 END AS delay_ms
  FROM event JOIN message ON message.id = event.message_id LEFT JOIN scheduled ON scheduled.message_id = message.id
  WHERE event.organisation_id = :organisation_id AND event.number > :after AND event.number <= :up_to
    AND event.type IN ('sms.accepted', 'sms.received', 'sms.delivered', 'sms.failed', 'sms.expired', 'sms.canceled', 'sms.refused')) AS told
GROUP BY type, hour, reason, cut_ms;

-- name: advance
INSERT INTO overview_cursor (organisation_id, number) VALUES (:organisation_id, :up_to)
ON CONFLICT (organisation_id) DO UPDATE SET number = excluded.number WHERE overview_cursor.number = :after RETURNING number;

-- name: add_hours (hour bigint, event text, reason text, messages bigint)
INSERT INTO overview_hour (organisation_id, hour, event, reason, messages)
SELECT :organisation_id, hour, event, reason, messages FROM input WHERE true ORDER BY hour, event, reason
ON CONFLICT (organisation_id, hour, event, reason) DO UPDATE SET messages = overview_hour.messages + excluded.messages;

-- name: add_delays (hour bigint, bucket bigint, messages bigint)
INSERT INTO overview_delay (organisation_id, hour, bucket, messages)
SELECT :organisation_id, hour, bucket, messages FROM input WHERE true ORDER BY hour, bucket
ON CONFLICT (organisation_id, hour, bucket) DO UPDATE SET messages = overview_delay.messages + excluded.messages;

-- name: last_device
-- The last device that a look for the busiest goes up to.
SELECT id FROM device WHERE organisation_id = :organisation_id AND id > :after ORDER BY id LIMIT 1 OFFSET :passed;

-- name: busiest_on
-- From the daily counters, which there are anyway. CROSS: SQLite begins with the devices; of all days' counters there are far more.
SELECT device.id, CAST(sum(CASE WHEN counter.traffic = 'mt' THEN counter.used ELSE 0 END) AS bigint),
  CAST(sum(CASE WHEN counter.traffic = 'mo' THEN counter.used ELSE 0 END) AS bigint)
FROM (SELECT id FROM device WHERE organisation_id = :organisation_id AND id > :after ORDER BY id LIMIT :size) AS device
CROSS JOIN usage_counter AS counter
WHERE counter.scope = 'device' AND counter.scope_id = device.id AND counter.period = :period AND counter.used > 0
GROUP BY device.id ORDER BY sum(counter.used) DESC, device.id LIMIT :most;

-- name: clear_busiest
DELETE FROM overview_device WHERE organisation_id = :organisation_id AND day = :day;

-- name: insert_busiest (device_id bigint, sent bigint, received bigint)
INSERT INTO overview_device (organisation_id, day, device_id, sent, received)
SELECT :organisation_id, :day, device_id, sent, received FROM input;

-- name: points
SELECT hour / :hours, event, CAST(sum(messages) AS bigint) FROM organisation JOIN overview_hour ON organisation_id = organisation.id
WHERE (:organisation_id = 0 OR organisation.id = :organisation_id) AND hour >= :first * :hours AND hour < :until * :hours
GROUP BY hour / :hours, event;

-- name: delays
SELECT hour / :hours, bucket, CAST(sum(messages) AS bigint) FROM organisation JOIN overview_delay ON organisation_id = organisation.id
WHERE (:organisation_id = 0 OR organisation.id = :organisation_id) AND hour >= :first * :hours AND hour < :until * :hours
GROUP BY hour / :hours, bucket;

-- name: reasons
SELECT event, reason, CAST(sum(messages) AS bigint) AS messages FROM organisation JOIN overview_hour ON organisation_id = organisation.id
WHERE (:organisation_id = 0 OR organisation.id = :organisation_id) AND hour >= :from_hour AND hour < :until_hour AND reason <> ''
GROUP BY event, reason ORDER BY messages DESC, event, reason LIMIT :most;

-- name: busiest
SELECT busy.device_id, device.name, busy.sent, busy.received FROM (
  SELECT device_id, CAST(sum(sent) AS bigint) AS sent, CAST(sum(received) AS bigint) AS received
  FROM organisation JOIN overview_device ON organisation_id = organisation.id
  WHERE (:organisation_id = 0 OR organisation.id = :organisation_id) AND day >= :first
  GROUP BY device_id ORDER BY sum(sent) + sum(received) DESC, device_id LIMIT :most
) AS busy LEFT JOIN device ON device.id = busy.device_id ORDER BY busy.sent + busy.received DESC, busy.device_id;

-- name: organisations
SELECT organisation_id FROM overview_cursor ORDER BY organisation_id;

-- name: delete_hours
DELETE FROM overview_hour WHERE organisation_id = :organisation_id AND hour IN (
  SELECT DISTINCT hour FROM overview_hour WHERE organisation_id = :organisation_id AND hour < :before ORDER BY hour LIMIT :most) RETURNING 1;

-- name: delete_delays
DELETE FROM overview_delay WHERE organisation_id = :organisation_id AND hour IN (
  SELECT DISTINCT hour FROM overview_delay WHERE organisation_id = :organisation_id AND hour < :before ORDER BY hour LIMIT :most) RETURNING 1;

-- name: delete_devices
DELETE FROM overview_device WHERE organisation_id = :organisation_id AND day < :before RETURNING 1;
