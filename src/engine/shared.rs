//! What the engine's tasks share, and how they wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::outward::Outward;
use crate::clock::Clock;
use crate::core::time::{Span, Time};
use crate::metrics::Own;
use crate::store::writer::{Wakes, Writer};

/// How long to wait after the store failed: it tries to recover once a second.
pub(super) const STORE_RETRY: Duration = Duration::from_secs(1);
/// The longest wait for one timer: a clock that was set is noticed by then.
pub(super) const MAX_SLEEP: Span = Span::mins(1);

/// The engine's tasks and what they share.
#[derive(Debug)]
pub struct Engine {
    /// The time.
    pub clock: Arc<Clock>,
    /// The way to the store.
    pub writer: Arc<Writer>,
    /// What is counted for `/metrics`.
    pub counters: Arc<Own>,
    /// Receivers and Alertmanagers of the configuration in force; replaced by whoever reloads.
    pub outward: watch::Receiver<Arc<Outward>>,
    /// Where people find punctual.
    pub external_url: String,
    /// Nothing leaves: what is to be told is planned, and waits.
    pub no_deliveries: bool,
}

impl Engine {
    /// Waits until engine time is past a moment (true), or the store's wakes have changed (false).
    pub(super) async fn wait_past(&self, moment: Option<Time>, wakes: &mut watch::Receiver<Wakes>) -> bool {
        let wait = moment.map_or(MAX_SLEEP, |moment| moment + Span::MS - self.clock.now());
        if wait <= Span::ZERO {
            return true;
        }
        let sleep = duration(wait.min(MAX_SLEEP));
        tokio::select! {
            () = tokio::time::sleep(sleep) => moment.is_some_and(|moment| self.clock.now() > moment),
            // The writer gone means that we are about to stop: wait for that.
            changed = wakes.changed() => {
                if changed.is_err() {
                    std::future::pending::<()>().await;
                }
                false
            }
        }
    }

    /// There was nothing to do, though there seemed to be: the store's next wake is on its way. Never spins.
    pub(super) async fn rest(&self, wakes: &mut watch::Receiver<Wakes>) {
        // Either way there is a reason to look again.
        let _ = tokio::time::timeout(STORE_RETRY, wakes.changed()).await;
    }
}

/// A length of time for the runtime and for histograms; never negative.
pub(super) fn duration(span: Span) -> Duration {
    Duration::from_millis(span.as_ms().max(0).unsigned_abs())
}
