-- Blind windows that blind_windows and refused_windows do not have yet, in the order in which they were added: each after the
-- ping with this seq. Rows of states that know less than that ping were judged without it up to there.
CREATE TABLE later_windows (
    id         INTEGER PRIMARY KEY,
    after_ping INTEGER NOT NULL,
    is_refused INTEGER NOT NULL,
    from_at    INTEGER NOT NULL,
    to_at      INTEGER NOT NULL
) STRICT;
