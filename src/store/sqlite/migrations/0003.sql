-- The newest bodies of a check are found without looking at all bodies.
CREATE INDEX bodies_check ON bodies (check_id);
