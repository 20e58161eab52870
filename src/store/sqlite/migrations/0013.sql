-- The successes in a check's trailing window, as its row of states knows them. NULL: they are counted from its pings, none of
-- which goes before that is written.
ALTER TABLE states ADD COLUMN window BLOB;

-- Incidents go by their end.
CREATE INDEX incidents_ended ON incidents (ended_at) WHERE ended_at IS NOT NULL;
