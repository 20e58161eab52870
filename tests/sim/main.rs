//! The two heavy proofs: `step` over all short sequences of inputs, and the simulation.
//!
//! [`model`] judges beside the code, written from docs/semantics.md alone. The simulation ([`world`]) runs the real core,
//! the real engine's functions and the real store in virtual time, from one seed: jobs, receivers, operators and accidents
//! around one process that may die between any two calls.

// A test may fail anywhere, also in a function that it calls.
#![allow(clippy::unwrap_used)]

mod accidents;
mod alertmanager;
mod bystanders;
mod diagnoses;
mod diary;
mod edits;
mod evidence;
mod exhaustive;
mod fate;
mod flapping;
mod hand;
mod held;
mod jobs;
mod judged;
mod keeping;
mod least;
mod model;
mod occurrences;
mod operators;
mod oracles;
mod peace;
mod pings;
mod plain;
mod plain_alerts;
mod process;
mod properties;
mod quarantine;
mod readers;
mod receivers;
mod records;
mod reload;
mod reopening;
mod rng;
mod sabotage;
mod scene;
mod server;
mod settings;
mod severity;
mod simulation;
mod split;
mod tally;
mod times;
mod turns;
mod two_clocks;
mod unjudgeable;
mod world;
