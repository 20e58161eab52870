-- Records of assertions (18.1). An incident of a record has the record's own labels, as JSON; "": none.
ALTER TABLE incidents ADD COLUMN labels TEXT NOT NULL DEFAULT '';

-- What a record said when its incident opened; it goes with the incident. details: JSON, or "".
CREATE TABLE record_details (
    incident_id INTEGER PRIMARY KEY,
    title       TEXT NOT NULL,
    details     TEXT NOT NULL
) STRICT;

-- Records that are named and not violated yet (named_since is the first of the results in a row that named it, by their number
-- in the check), and those of which an incident is open (missed_since, likewise, if it was not named in the last). begun: how
-- often it was begun one by one; 0: by results alone. begun_at: when for the last time.
CREATE TABLE records (
    check_id     INTEGER NOT NULL,
    key          TEXT NOT NULL,
    named_since  INTEGER,
    missed_since INTEGER,
    begun        INTEGER NOT NULL,
    begun_at     INTEGER,
    PRIMARY KEY (check_id, key)
) WITHOUT ROWID, STRICT;

-- Keys that nobody wants to hear of (11.2), whether a record has it now or not.
CREATE TABLE marks (
    check_id INTEGER NOT NULL,
    key      TEXT NOT NULL,
    at       INTEGER NOT NULL,
    by       TEXT NOT NULL,
    comment  TEXT NOT NULL,
    PRIMARY KEY (check_id, key)
) WITHOUT ROWID, STRICT;

-- The first message of a thread of a check's records to a receiver: thread is the incident that began it (12.5).
CREATE TABLE record_threads (
    check_id INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    thread   INTEGER NOT NULL,
    message  TEXT NOT NULL,
    PRIMARY KEY (check_id, receiver)
) WITHOUT ROWID, STRICT;
