//! Taking a ping: stored, and only then answered (14.1).

use super::services::Services;
use crate::core::check::{CheckId, PingMethods};
use crate::store::writer::{Overloaded, PingAnswer};
use crate::store::{Applied, PingFact, RecordRefusal};

/// What is said of a ping that is no POST, at every door.
pub const ONLY_POST: &str = "this check takes only POST (ping_methods)";
/// What is said of a ping to a check that asserts something, at every door.
pub const TAKES_RESULTS: &str = "this check asserts something (assert): report whether it holds, by `punctual report NAME` or \
    POST /api/v1/checks/NAME/report";
/// What is said of a result for a check that does not.
pub const TAKES_PINGS: &str = "this check asserts nothing (no `assert`): ping it, at /ping/NAME";
/// What is said of a result for a check that punctual looks at itself.
pub const PROBED: &str = "punctual looks itself whether this check holds: no program reports it";
/// While too much waits.
pub const OVERLOADED: &str = "too busy, try again";
/// While the store fails.
pub const NOT_STORED: &str = "the ping could not be stored, try again";

/// Why a ping was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PingNotTaken {
    /// There is no such check any more.
    #[error("there is no such check")]
    NoSuchCheck,
    /// It takes only POST, so that link previews and crawlers do not ping it (`ping_methods`).
    #[error("{}", ONLY_POST)]
    OnlyPost,
    /// It asserts something: results say whether that holds, and no ping (17.2).
    #[error("{}", TAKES_RESULTS)]
    TakesResults,
    /// It is pinged, and asserts nothing.
    #[error("{}", TAKES_PINGS)]
    TakesPings,
    /// punctual looks itself whether it holds (17.1b).
    #[error("{}", PROBED)]
    Probed,
    /// It takes no records.
    #[error(transparent)]
    TakesNoRecords(RecordRefusal),
    /// Too much waits.
    #[error("{}", OVERLOADED)]
    Overloaded,
    /// It could not be stored: the log says why. Or the server stops.
    #[error("{}", NOT_STORED)]
    NotStored,
}

/// Whether a check that takes pings by these methods takes one by this.
pub fn admit(methods: PingMethods, method: &str) -> Result<(), PingNotTaken> {
    match methods {
        PingMethods::Post if method != "POST" => Err(PingNotTaken::OnlyPost),
        PingMethods::Any | PingMethods::Post => Ok(()),
    }
}

/// Has a ping stored, and waits until it is durable.
pub async fn take(services: &Services, check: CheckId, fact: PingFact) -> Result<(), PingNotTaken> {
    match stored(services.writer.ping(check, fact)).await? {
        Applied::Done(_) => Ok(()),
        other => unreachable!("a ping is no result and ends no pause of a file: {other:?}"),
    }
}

/// Waits until a ping or a result that was queued is durable: what it came to, if it was taken.
pub(super) async fn stored(queued: Result<PingAnswer, Overloaded>) -> Result<Applied, PingNotTaken> {
    match queued.map_err(|_| PingNotTaken::Overloaded)?.await {
        Ok(Ok(Applied::TakesResults)) => Err(PingNotTaken::TakesResults),
        Ok(Ok(Applied::TakesPings)) => Err(PingNotTaken::TakesPings),
        Ok(Ok(Applied::Probed)) => Err(PingNotTaken::Probed),
        Ok(Ok(Applied::NoSuchCheck)) => Err(PingNotTaken::NoSuchCheck),
        Ok(Ok(applied)) => Ok(applied),
        // The writer has logged what failed; if it is gone, we are stopping.
        Ok(Err(_)) | Err(_) => Err(PingNotTaken::NotStored),
    }
}
