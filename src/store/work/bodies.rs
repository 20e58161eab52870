//! The budget of pings' bodies (15.2). Together they are never more than a tenth above it: where a new one would be, the
//! oldest go in the same transaction. Pruning brings them back to the budget, so that this is seldom needed.

use super::rows::Rows;
use crate::store::StoreError;

/// So many old bodies go for a new one at most, so that pings do not wait long. If that is not enough, it is not kept.
const OUT_FOR_ONE: usize = 8;

/// Makes room for a body of so many bytes; false if there is none.
pub(super) fn make_space(rows: &mut dyn Rows, bytes: usize) -> Result<bool, StoreError> {
    let Some(retention) = rows.retention() else { return Ok(true) };
    let budget = retention.max_body_bytes;
    let most = i64::try_from(budget.saturating_add(budget / 10)).unwrap_or(i64::MAX);
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let is_space = |rows: &dyn Rows| Ok(rows.body_bytes()?.saturating_add(bytes) <= most);
    for _ in 0..OUT_FOR_ONE {
        if is_space(rows)? || bytes > most {
            break;
        }
        let Some(oldest) = rows.oldest_body()? else { break };
        rows.delete_body(oldest)?;
    }
    is_space(rows)
}
