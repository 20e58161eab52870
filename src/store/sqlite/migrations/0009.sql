-- Bad periods that were too short to be told (12.5), of each check and receiver. last_at: the end of the newest. While
-- nobody was told, told_at is NULL, and bouts a JSON list of the last ones, each its beginning and end; then told_at is the
-- end of the last one that was told, times how many there were since, and since when the first of these began.
CREATE TABLE flapping (
    check_id INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    last_at  INTEGER NOT NULL,
    bouts    TEXT NOT NULL,
    told_at  INTEGER,
    times    INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (check_id, receiver)
) WITHOUT ROWID, STRICT;
-- What a delivery of the kind 'flapping' tells: how often, and since when.
ALTER TABLE deliveries ADD COLUMN flaps INTEGER;
ALTER TABLE deliveries ADD COLUMN flapping_since INTEGER;
