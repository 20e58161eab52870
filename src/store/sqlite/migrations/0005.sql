-- Pauses at run time, and their ends, as people made them: the newest of each check. paused: 1, or 0 for an end.
CREATE TABLE pauses (
    id       INTEGER PRIMARY KEY,
    check_id INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    paused   INTEGER NOT NULL,
    comment  TEXT,
    by       TEXT
) STRICT;
CREATE INDEX pauses_check ON pauses (check_id, id);

-- Who has made it; "" for those of before.
ALTER TABLE mutes ADD COLUMN by TEXT NOT NULL DEFAULT '';
