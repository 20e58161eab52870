-- What an acknowledgement covers: a JSON list of families of causes; NULL: it was given before that was kept. And whether
-- a late cause took the place of `blind` already. In actions, besides numbers, there are from now on lists of a number, the
-- kinds of causes for which the action was planned, and whether the acknowledgement does not cover them.
ALTER TABLE incidents ADD COLUMN covered TEXT;
ALTER TABLE incidents ADD COLUMN told_late_after_blind INTEGER NOT NULL DEFAULT 0;
