-- Steps of telling somebody: what became of it, for which receiver, and with which answer. details: JSON, see row/step.rs.
ALTER TABLE incident_steps ADD COLUMN details TEXT;

-- What the receiver said at the last attempt, also where it took the message; or why nothing was heard of it.
ALTER TABLE messages RENAME COLUMN error TO answer;

-- That a delivery was given up, and what came of it since: JSON, see row/outbox.rs; NULL: it never was. It stays with the
-- delivery whatever becomes of it.
ALTER TABLE deliveries ADD COLUMN given_up TEXT;
UPDATE deliveries SET given_up = (
  SELECT json_object('since', at, 'at', at, 'reason', reason, 'message', message_id, 'tries', 0, 'alone', json('false'))
  FROM (SELECT ifnull((SELECT settled_at FROM messages WHERE messages.id = message_id), queued_at) AS at)
) WHERE state = 'parked';
