//! The pure core: what is judged, when, and what follows (docs/semantics.md).
//!
//! Nothing here does IO, reads a clock, waits, logs or serializes; the current time is always an argument. `store`
//! makes the database's rows, `http` the API's types.

pub mod alert;
pub mod alike;
pub mod assertion;
pub mod audit;
pub mod blind;
pub mod cause;
pub mod check;
pub mod cron;
pub mod diagnose;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod incident;
pub mod matcher;
pub mod notice;
pub mod origin;
pub mod outbox;
pub mod periods;
pub mod ping;
pub mod probe;
pub mod promise;
pub mod record;
pub mod reference;
pub mod refs;
pub mod refusals;
pub mod results;
pub mod retention;
pub mod route;
pub mod schedule;
pub mod search;
pub mod secret;
pub mod state;
pub mod step;
pub mod successes;
pub mod text;
pub mod time;
pub mod uptime;
pub mod version;
pub mod window;
pub mod zone;
