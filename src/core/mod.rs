//! The pure core: what is judged, when, and what follows (docs/semantics.md).
//!
//! Nothing here does IO, reads a clock, waits, logs or is serialized; the current time is always an argument.
//! Rows of a database are made in `store`, types of an API in `http`.

pub mod cron;
pub mod time;
