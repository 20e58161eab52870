//! `/metrics`: the metrics ([`METRICS`]), the data of a scrape ([`Snapshot`]), and the encoder ([`render`]).
//!
//! A new metric is a row of the table in `src/metrics/table.rs`. If it needs to know more of a check: a field of [`Row`], from
//! [`Seen`], which `src/http/scrape.rs` fills. Nothing here knows a store or a server: the caller takes one
//! [`Row`] of every check, all at one time, and the [`Catalog`] of their labels. A scrape holds only
//! its rows and their labels in memory: the text is made in chunks of 64 KB, and each chunk is sent before the next is begun.

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
pub use own::{Own, ProbeCounters, ReceiverCounters, RepeatedTrouble};
pub use row::{Row, Seen};
pub use shard::{BadShard, Shard};
pub use snapshot::{Snapshot, StoreTotals};
pub use table::{METRICS, Metric};

use encode::Encoder;
use output::ChunkWriter;

/// Writes a snapshot chunk by chunk. `send` returns [`Gone`] when the client is gone.
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
