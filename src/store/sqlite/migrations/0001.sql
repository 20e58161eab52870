-- The first schema. Times and lengths of time are in milliseconds, times since 1970-01-01T00:00:00Z.

-- Single numbers: created, sign_of_life, blind_ms (the sum of all blind windows), body_bytes (the sum of all bodies),
-- last_ping (the largest pings.seq ever given), database_id (any number, other in every database), states_up_to (every row
-- of states knows the pings of its check up to this seq).
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- What was declared. A check whose identity a rename gave to another is superseded: its name is free again.
CREATE TABLE checks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    definition TEXT NOT NULL,
    superseded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX checks_name ON checks (name) WHERE superseded = 0;

-- Former names.
CREATE TABLE names (
    name     TEXT PRIMARY KEY,
    check_id INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

-- What is judged of each check, apart from its definition since it is written often.
-- last_ping is the seq of the newest ping that it knows (0: none), pings counts all up to that one. Later pings of the
-- check flipped nothing: a start steps through them.
CREATE TABLE states (
    check_id  INTEGER PRIMARY KEY,
    last_ping INTEGER NOT NULL,
    pings     INTEGER NOT NULL,
    state     BLOB NOT NULL
) STRICT;

-- The facts, in their order. There is no index by check: every ping names the one of its check before it (previous), so
-- that history is walked from the newest on, and the hot path appends only. ordinal counts a check's pings from 1.
-- kind: 0 success, 1 fail, 2 start, 3 log. flags: 1 a repeat, 2 its body was cut, 4 counts as a success in windows,
-- 8 has a body. What does not apply is NULL.
CREATE TABLE pings (
    seq         INTEGER PRIMARY KEY,
    check_id    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    flags       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    previous    INTEGER NOT NULL,
    exit_status INTEGER,
    duration    INTEGER,
    rid         TEXT,
    comment     TEXT,
    source      TEXT NOT NULL
) STRICT;

-- The bodies of pings, under their seq.
CREATE TABLE bodies (
    seq      INTEGER PRIMARY KEY,
    check_id INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    body     BLOB NOT NULL
) STRICT;

-- Changes of status or of the set of causes. begun, causes: JSON lists of causes; ended: a JSON list of their kinds.
CREATE TABLE flips (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    begun       TEXT NOT NULL,
    ended       TEXT NOT NULL,
    causes      TEXT NOT NULL
) STRICT;
CREATE INDEX flips_check ON flips (check_id, id);

-- Evaluations of counted checks.
CREATE TABLE judgements (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id   INTEGER NOT NULL,
    occurrence INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    at_least   INTEGER,
    at_most    INTEGER,
    met        INTEGER NOT NULL
) STRICT;
CREATE INDEX judgements_check ON judgements (check_id, id);

-- Times in which pings may have been lost: (from_at, to_at].
CREATE TABLE blind_windows (
    from_at INTEGER PRIMARY KEY,
    to_at   INTEGER NOT NULL
) STRICT;

-- Bad periods. first: a JSON list of the one cause that opened it; kinds: a JSON list of all kinds of causes that it had;
-- actions: a JSON list of the numbers of the actions that were planned for it.
CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id  INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    ended_at  INTEGER,
    status    TEXT NOT NULL,
    first     TEXT NOT NULL,
    kinds     TEXT NOT NULL,
    actions   TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_check ON incidents (check_id, id);
CREATE INDEX incidents_open ON incidents (id) WHERE ended_at IS NULL;

-- What happened to an incident, by whom. kind: the cause's, where the step is about one.
CREATE TABLE incident_steps (
    incident_id INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    what        TEXT NOT NULL,
    kind        TEXT,
    by          TEXT NOT NULL,
    PRIMARY KEY (incident_id, number)
) WITHOUT ROWID, STRICT;

-- One action for one incident. state: waiting, in_message, sent, parked, cancelled; reason: why parked or cancelled.
CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id     INTEGER NOT NULL,
    check_id        INTEGER NOT NULL,
    receiver        TEXT NOT NULL,
    action          INTEGER NOT NULL,
    responder       INTEGER,
    kind            TEXT NOT NULL,
    not_before      INTEGER NOT NULL,
    queued_at       INTEGER NOT NULL,
    repeat_interval INTEGER,
    state           TEXT NOT NULL,
    reason          TEXT,
    message_id      INTEGER
) STRICT;
CREATE INDEX deliveries_incident ON deliveries (incident_id, id);
CREATE INDEX deliveries_unfinished ON deliveries (id) WHERE state IN ('waiting', 'in_message');
CREATE INDEX deliveries_parked ON deliveries (id) WHERE state = 'parked';

-- What leaves together. state: open, sent, parked. retry_at: NULL while an attempt is under way. members: a JSON list of
-- ids; notices: what it says of each, frozen, gone once it is settled. error: of the last attempt.
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver   TEXT NOT NULL,
    key        TEXT NOT NULL,
    members    TEXT NOT NULL,
    notices    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    retry_at   INTEGER,
    state      TEXT NOT NULL,
    settled_at INTEGER,
    error      TEXT
) STRICT;
CREATE INDEX messages_open ON messages (id) WHERE state = 'open';

-- What Alertmanager hears of each check: a JSON list.
CREATE TABLE alerts (
    check_id INTEGER PRIMARY KEY,
    alerts   TEXT NOT NULL
) STRICT;

-- What is held until a time. matchers: as they were written.
CREATE TABLE mutes (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    matchers TEXT NOT NULL,
    until    INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    comment  TEXT NOT NULL
) STRICT;
