//! What the engine's tasks share, and how they wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::outward::Outward;
use crate::clock::Clock;
use crate::core::time::{Span, Time};
use crate::metrics::Own;
use crate::store::live::Live;
use crate::store::writer::{Wakes, Writer};

/// How long to wait after the store failed: it tries to recover once a second.
pub(super) const STORE_RETRY: Duration = Duration::from_secs(1);
/// So many checks are judged, or told to Alertmanager, in one call: a hundred thousand may come at once, and a ping waits for
/// some milliseconds at most. With fewer, commits would take most of the time where the disk is slow.
pub(super) const AT_ONCE: usize = 32;
/// The longest sleep, so that a clock that was set is noticed in time.
pub(super) const MAX_SLEEP: Span = Span::mins(1);

/// The data that the engine's tasks share.
#[derive(Debug)]
pub struct Engine {
    pub clock: Arc<Clock>,
    pub writer: Arc<Writer>,
    /// What was committed.
    pub live: Arc<Live>,
    /// The counters for `/metrics`.
    pub counters: Arc<Own>,
    /// The receivers and Alertmanagers of the current configuration. The reloader replaces them.
    pub outward: watch::Receiver<Arc<Outward>>,
    /// The URL of our pages.
    pub external_url: String,
    /// Somebody said that people reach us there: messages may have links by which they acknowledge (22.5).
    pub is_reached: bool,
    /// Sends nothing: messages are planned and wait.
    pub no_deliveries: bool,
}

impl Engine {
    /// Waits until engine time is past a moment (true) or the store's wakes have changed (false).
    pub(super) async fn wait_past(&self, moment: Option<Time>, wakes: &mut watch::Receiver<Wakes>) -> bool {
        let wait = moment.map_or(MAX_SLEEP, |moment| moment + Span::MS - self.clock.now());
        if wait <= Span::ZERO {
            return true;
        }
        let sleep = duration(wait.min(MAX_SLEEP));
        tokio::select! {
            () = tokio::time::sleep(sleep) => moment.is_some_and(|moment| self.clock.now() > moment),
            // The writer is gone: the server is about to stop, so wait for that.
            changed = wakes.changed() => {
                if changed.is_err() {
                    std::future::pending::<()>().await;
                }
                false
            }
        }
    }

    /// Waits for the store's next wake, after a wake for which there was nothing to do. Prevents a busy loop.
    pub(super) async fn rest(&self, wakes: &mut watch::Receiver<Wakes>) {
        // A time-out and a change are both a reason to look again.
        let _ = tokio::time::timeout(STORE_RETRY, wakes.changed()).await;
    }
}

/// Converts a span for the runtime and for histograms; a negative one becomes 0.
pub(super) fn duration(span: Span) -> Duration {
    Duration::from_millis(span.as_ms().max(0).unsigned_abs())
}
