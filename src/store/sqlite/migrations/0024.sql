-- Diagnoses (§21). What was found of an incident, each time that it was something new, as JSON; it goes with the incident.
CREATE TABLE diagnoses (
    incident_id INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    diagnosis   TEXT NOT NULL,
    PRIMARY KEY (incident_id, number)
) WITHOUT ROWID, STRICT;

-- When it was looked at last which cases apply; NULL: never. And whether what was decided then is under way.
ALTER TABLE incidents ADD COLUMN diagnosed_at INTEGER;
ALTER TABLE incidents ADD COLUMN is_solution_under_way INTEGER NOT NULL DEFAULT 0;

-- Of a delivery that tells of a diagnosis: of which.
ALTER TABLE deliveries ADD COLUMN diagnosis INTEGER;
