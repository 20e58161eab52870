//! How long it takes until something is tried again (12.4).

use crate::core::time::Span;

/// The wait after the first failure, before jitter; each further one doubles it.
const FIRST_RETRY: Span = Span::secs(5);
/// The longest wait between two attempts, unless the receiver wishes for more.
pub(super) const MAX_RETRY: Span = Span::mins(10);

/// How long it takes after so many failures in a row until the next attempt; `entropy` is any number.
pub(super) fn backoff(attempts: u32, entropy: u64) -> Span {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole_ms = (FIRST_RETRY.as_ms() << doublings).min(MAX_RETRY.as_ms());
    let half_ms = whole_ms / 2;
    let jitter_ms = i64::try_from(entropy % (half_ms.unsigned_abs() + 1)).unwrap_or(0);
    Span::ms(half_ms + jitter_ms)
}
