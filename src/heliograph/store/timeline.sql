-- name: attempts
SELECT attempt.number, attempt.segment, attempt.at_ms, attempt.answered_at_ms, attempt.outcome, attempt.error_class, attempt.code,
  attempt.reason, attempt.ref, link.name
FROM attempt LEFT JOIN link ON link.id = attempt.link_id WHERE attempt.message_id = :message_id ORDER BY attempt.number, attempt.segment;

-- name: receipts
SELECT receipt.received_at_ms, receipt.segment, receipt.state, receipt.word, receipt.error, receipt.disposition, link.name
FROM receipt LEFT JOIN link ON link.id = receipt.link_id WHERE receipt.message_id = :message_id ORDER BY receipt.id;

-- name: deliveries
SELECT notification.id, notification.type, notification.method, notification.state, notification.due_at_ms, notification.final_at_ms,
  notification.created_at_ms, callback.url, notification.account
FROM notification LEFT JOIN api_callback AS callback ON callback.id = notification.callback_id
WHERE notification.message_id = :message_id ORDER BY notification.id;

-- name: tries
SELECT delivery_attempt.notification_id, delivery_attempt.number, delivery_attempt.at_ms, delivery_attempt.duration_ms,
  delivery_attempt.status, delivery_attempt.error
FROM notification JOIN delivery_attempt ON delivery_attempt.notification_id = notification.id
WHERE notification.message_id = :message_id ORDER BY delivery_attempt.notification_id, delivery_attempt.number;

-- name: who
SELECT coalesce(app_user.email, 'technician link ' || technician_link.id || ' (' || technician_link.description || ')'), application_token.description
FROM message LEFT JOIN app_user ON app_user.id = message.user_id
LEFT JOIN technician_sent ON technician_sent.message_id = message.id LEFT JOIN technician_link ON technician_link.id = technician_sent.link_id
LEFT JOIN application_token ON application_token.id = message.token_id WHERE message.id = :message_id;

-- name: peer
SELECT message.organisation_id, message.device_id, device.name, message.state, message.dest FROM message
LEFT JOIN device ON device.id = message.device_id WHERE message.id = :message_id;

-- name: sent_again
SELECT resent.message_id, message.submitted_at_ms FROM resent JOIN message ON message.id = resent.message_id
WHERE resent.resend_of = :message_id ORDER BY resent.message_id;

-- name: link
SELECT link.name, CASE WHEN link.disabled_at_ms IS NULL THEN coalesce(link_lease.state, '') ELSE 'disabled' END AS state
FROM message JOIN lane ON lane.id = message.lane_id JOIN link ON link.id = lane.link_id LEFT JOIN link_lease ON link_lease.link_id = link.id
WHERE message.id = :message_id;

-- name: ahead
SELECT count(*) FROM message AS waiting WHERE waiting.lane_id = (SELECT message.lane_id FROM message WHERE message.id = :message_id)
  AND waiting.lane_seq >= :head_seq AND waiting.lane_seq < :lane_seq AND waiting.state < 4;
