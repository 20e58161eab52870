//! The two heavy proofs: `step` over all short sequences of inputs, and the simulation.
//!
//! [`model`] judges beside the code, written from docs/semantics.md alone.

// A test may fail anywhere, also in a function that it calls.
#![allow(clippy::unwrap_used)]

mod exhaustive;
mod model;
