//! The SQLite store: one folder, one writer.
//!
//! The rows are the truth. Beside them stands a [`memory::Memory`] of everything but history, so that judging reads
//! nothing. A call changes it together with its rows ([`tx`]): after one that failed it is as before, and only where nobody knows
//! whether it was committed all of it is read anew. Readers see the [`Live`](super::live::Live), which changes after each commit.
//!
//! What becomes of checks and messages is decided in `store/work`, over the rows that `blind`, `checks`, `facts`, `life_rows`,
//! `outbox` and `old_rows` read and write.

mod ahead;
mod backup;
mod blind;
mod calls;
mod checks;
#[cfg(test)]
mod costs;
mod deadlines;
mod diagnoses;
mod difference;
mod error;
mod facts;
mod fast;
mod files;
mod former;
mod happenings;
mod history;
mod history_rows;
mod history_tables;
mod life;
mod life_rows;
mod load;
mod memory;
mod migrations;
mod mutes;
mod named;
mod old_rows;
mod outbox;
mod pings_kept;
mod projection;
mod query;
mod records;
#[cfg(test)]
mod row_facts;
mod rows_read;
mod soundness;
mod staging;
mod store;
mod tx;
mod unknown_rows;
mod windows;

pub use ahead::ReadAhead;
pub use backup::{BackupProgress, backup};
pub use history::Reader;
pub use soundness::soundness;
pub use store::{FaultPoint, SqliteStore};
