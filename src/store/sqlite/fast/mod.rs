//! What makes the store fast and no more: each can be taken out, and docs/performance.md says how.

pub(super) mod behind;
pub(super) mod catch_up;
pub(super) mod ids;
pub(super) mod prefetch;
pub(super) mod replay;
