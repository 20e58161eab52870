//! `/metrics`: what there is ([`METRICS`]), what a scrape shows ([`Snapshot`]), and how it is written ([`render`]).
//!
//! A new metric is a row of the table in `table.rs`. Nothing here knows a store or a server: whoever answers a scrape
//! takes one [`Row`] of every check, all at one time, beside a [`Catalog`] that is made once for each configuration.
//! Rows are all that a scrape holds: text is made in chunks of 64 KB, each sent before the next is begun.

mod catalog;
mod counters;
mod encode;
mod histogram;
mod kind;
mod negotiate;
mod output;
mod own;
mod process;
mod row;
mod shard;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use catalog::Catalog;
pub use counters::{ConnectionCounters, PingOutcomes};
pub use histogram::Histogram;
pub use kind::MetricKind;
pub use negotiate::{Format, Negotiated, negotiate};
pub use output::Gone;
pub use own::{Own, ReceiverCounters, RepeatedTrouble};
pub use row::{Row, Seen};
pub use shard::{BadShard, Shard};
pub use snapshot::{Snapshot, StoreTotals};
pub use table::{METRICS, Metric};

use encode::Encoder;
use output::ChunkWriter;

/// Writes a snapshot, chunk by chunk; `send` says [`Gone`] when nobody listens any more.
pub fn render(
    snapshot: &Snapshot<'_>,
    negotiated: Negotiated,
    send: &mut dyn FnMut(Bytes) -> Result<(), Gone>,
) -> Result<(), Gone> {
    let mut encoder = Encoder::new(negotiated.format, ChunkWriter::new(negotiated.gzip, send));
    for metric in METRICS {
        metric.write(snapshot, &mut encoder)?;
    }
    if snapshot.shard.is_first() {
        process::write(&mut encoder)?;
    }
    encoder.finish()
}
