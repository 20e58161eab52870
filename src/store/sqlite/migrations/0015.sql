-- What sessions and links are signed with: another secret in every database.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO secrets VALUES ('people', lower(hex(randomblob(32))));
