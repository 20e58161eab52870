//! What a file says, with the place of each thing. It knows no key: who owns keys tells it of their sections.
//!
//! A file becomes a tree in which every node knows its place (`tree`). The tree is read against a table of keys
//! (`section`, `fields`) and becomes values, or faults that say what is wrong, where, and what would be right (`fault`).
//! All faults of all files are collected before any is reported. A [`loader`] reads the files that keys name, as those of
//! secrets, and keeps what was read, so that a change is noticed (`inputs`).

pub(crate) mod expand;
pub(crate) mod fault;
pub(crate) mod fields;
pub(crate) mod inputs;
pub(crate) mod json;
pub(crate) mod loader;
pub(crate) mod section;
pub(crate) mod syntax;
pub(crate) mod tree;
pub(crate) mod units;

pub use fault::{Fault, Faults, Warning, nearest};
pub use inputs::{ContentHash, Inputs};
pub use units::{DurationError, parse_duration};
