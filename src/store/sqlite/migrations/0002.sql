-- The history of canaries: what their users see of it, oldest first by id.
CREATE TABLE canary_events (
    id       INTEGER PRIMARY KEY,
    check_id INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX canary_events_check ON canary_events (check_id, id);
