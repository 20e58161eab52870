-- Names that were pinged and that no check has: as many as the program keeps in memory, and no more.
CREATE TABLE unknown_names (
    name   TEXT PRIMARY KEY,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    ends   INTEGER NOT NULL,
    source TEXT NOT NULL
) WITHOUT ROWID, STRICT;
