//! punctual makes sure that what should happen does happen.
//!
//! Dependencies point one way: `core ← config, store, notify, metrics ← engine ← http ← cli`; siblings do not know
//! each other, and `clock` is the only place that reads the time. `tests/tidy.rs` holds this.

pub mod cli;
pub mod clock;
pub mod config;
pub mod core;
pub mod engine;
pub mod http;
pub mod metrics;
pub mod notify;
pub mod store;
