-- Which of the things that a check may find bad an incident is of (11.1): '' is the check itself, every other key a record.
ALTER TABLE incidents ADD COLUMN key TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN key TEXT NOT NULL DEFAULT '';

-- One is open for each check and key. No version opened a second one; a file that has one all the same is to be opened still,
-- and the newer one is the one that went on.
UPDATE incidents SET ended_at = opened_at, status = 'resolved' WHERE ended_at IS NULL AND EXISTS (
  SELECT 1 FROM incidents AS newer
  WHERE newer.check_id = incidents.check_id AND newer.ended_at IS NULL AND newer.id > incidents.id
);
CREATE UNIQUE INDEX incidents_open_key ON incidents (check_id, key) WHERE ended_at IS NULL;
