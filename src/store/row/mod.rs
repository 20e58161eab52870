//! Rows: the database's form of the core's types. The core itself knows no serialization (docs/semantics.md, §14).
//!
//! Every word and number here is in users' files: words and numbers may be added, but never changed.

mod ago;
mod assertion;
mod definition;
mod diagnosis;
mod notice;
mod outbox;
mod record;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod window;
mod words;

pub(super) use definition::{read_definition, write_definition};
pub(super) use diagnosis::{read_diagnosis, write_diagnosis};
pub(super) use notice::{read_alerts, read_notices, write_alerts, write_notices};
pub(super) use outbox::*;
pub(super) use record::{read_labels, write_labels};
pub(super) use state::{ReadState, read_state, write_state};
pub(super) use step::{read_step, write_step};
pub(super) use window::{read_window, write_window};
pub(super) use words::*;
