-- What is asked of an incident's steps by their kind, however many times its check flipped meanwhile.
CREATE INDEX incident_steps_what ON incident_steps (incident_id, what, number);
