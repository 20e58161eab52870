-- Bytes of a long body that are not kept: they stood between its first 2,000 and the rest. NULL: of a version that kept the
-- beginning alone.
ALTER TABLE bodies ADD COLUMN left_out INTEGER;
