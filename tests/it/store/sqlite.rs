//! What is SQLite's own: files, faults, a full disk.
