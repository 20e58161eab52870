//! What all looks have in common: they end.

use std::time::Duration;

use crate::core::time::Span;

/// What a look comes to, if that takes no longer.
pub(super) async fn within<T>(timeout: Span, look: impl Future<Output = T>) -> Option<T> {
    let timeout = Duration::from_millis(timeout.as_ms().max(0).unsigned_abs());
    tokio::time::timeout(timeout, look).await.ok()
}
