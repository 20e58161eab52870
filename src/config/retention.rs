//! `retention`: how much history is kept.

use crate::core::retention::Retention;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// Reads `retention`.
pub(super) fn retention(loader: &mut Loader, main: &Fields<'_>) -> Retention {
    let mut retention = Retention::default();
    let Some(fields) = main.map(&mut loader.log, "retention") else { return retention };
    let log = &mut loader.log;
    retention.max_body_bytes = fields.size(log, "bodies").unwrap_or(retention.max_body_bytes);
    retention.archived = fields.duration(log, "archived").unwrap_or(retention.archived);
    let Some(pings) = fields.map(log, "pings") else { return retention };
    let number = |n: u64| u32::try_from(n).expect("the table allows no more");
    let keep_at_least = pings.whole(log, "keep_at_least").map_or(retention.keep_at_least, number);
    let keep_at_most = pings.whole(log, "keep_at_most").map_or(retention.keep_at_most, number);
    if keep_at_least > keep_at_most {
        let message =
            format!("`keep_at_least` ({keep_at_least}) is more than `keep_at_most` ({keep_at_most})");
        log.fault(pings.at, message);
    }
    retention.max_age = pings.duration(log, "max_age").unwrap_or(retention.max_age);
    Retention { keep_at_least, keep_at_most, ..retention }
}
