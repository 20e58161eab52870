//! Looks at checks before they are needed.

use crate::core::check::CheckId;
use crate::store::sqlite::memory::Memory;

/// Looks at each of these checks in passing. What is known of many checks lies in no cache, and their pings would wait
/// for it one after the other; here nothing depends on what came before, so the processor waits for many at a time.
/// docs/performance.md has what that spares.
pub(in crate::store::sqlite) fn prefetch(memory: &Memory, checks: impl Iterator<Item = CheckId>) {
    for check in checks {
        if let Some(slot) = memory.checks.get(check) {
            slot.check.fetch();
        }
        memory.deadlines.fetch(check);
    }
}
