-- name: addresses
SELECT message.source, message.source_type, coalesce(sim.msisdn, sim.imsi, message.dest) AS address, sim.imsi
FROM message LEFT JOIN sim ON sim.device_id = message.device_id WHERE message.id = :id;
