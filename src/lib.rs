//! punctual makes sure that what should happen does happen.

pub mod core;
