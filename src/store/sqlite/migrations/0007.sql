-- A message whose content was refused is split (12.4): origin is the one that the first of its splits began with; its own
-- state is 'split'.
ALTER TABLE messages ADD COLUMN origin INTEGER;
CREATE INDEX messages_origin ON messages (origin) WHERE origin IS NOT NULL;
