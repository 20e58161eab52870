-- Occurrences (§19). occurred_at: when it occurred, of a record that `detect` found and that is remembered; NULL: it lasts.
ALTER TABLE records ADD COLUMN occurred_at INTEGER;
CREATE INDEX records_occurred ON records (check_id, occurred_at) WHERE occurred_at IS NOT NULL;
