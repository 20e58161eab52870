-- What people and the server did that is no step of an incident (22.10). check_name: as it was called then.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    what       TEXT NOT NULL,
    check_name TEXT,
    details    TEXT NOT NULL,
    comment    TEXT NOT NULL
) STRICT;
