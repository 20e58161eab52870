-- Windows in which we were there, and refused requests that nobody read (9.1). Sorted, apart from each other.
CREATE TABLE refused_windows (
    from_at INTEGER PRIMARY KEY,
    to_at   INTEGER NOT NULL
) STRICT;
