-- An acknowledgement may hold for a time: since when it was given, and until when.
ALTER TABLE incidents ADD COLUMN acknowledged_since INTEGER;
ALTER TABLE incidents ADD COLUMN acknowledged_until INTEGER;
