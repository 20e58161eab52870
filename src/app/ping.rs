//! Taking a ping: stored, and only then answered (14.1).

use std::net::IpAddr;

use super::actor::Actor;
use super::not_done::NotDone;
use super::said::check_said;
use super::services::Services;
use crate::core::check::{CheckId, Ping, PingMethods};
use crate::store::live::Check;
use crate::store::{Applied, PingFact};

/// What is said of a ping that is no POST, at every door.
pub const ONLY_POST: &str = "this check takes only POST (ping_methods)";
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
    let stored = services.writer.ping(check, fact).map_err(|_| PingNotTaken::Overloaded)?;
    match stored.await {
        Ok(Ok(Applied::Done(_))) => Ok(()),
        Ok(Ok(Applied::PausedByFile)) => {
            unreachable!("a ping ends no pause of a file, and is told nothing of it")
        }
        Ok(Ok(Applied::NoSuchCheck)) => Err(PingNotTaken::NoSuchCheck),
        // The writer has logged what failed; if it is gone, we are stopping.
        Ok(Err(_)) | Err(_) => Err(PingNotTaken::NotStored),
    }
}

/// Has a ping stored that somebody made by hand, with their name behind what they say (22.2).
pub async fn affirm(
    services: &Services,
    actor: &Actor,
    check: &Check,
    (ping, comment, source): (Ping, &str, IpAddr),
) -> Result<(), NotDone> {
    let who = format!("by {}", actor.name());
    check_said(actor, comment, PingFact::MAX_COMMENT_BYTES.saturating_sub(who.len() + " ()".len()))?;
    let kind = ping.kind;
    let said = if comment.is_empty() { who } else { format!("{comment} ({who})") };
    let comment = Some(PingFact::kept(&said).to_owned());
    let fact = PingFact { ping, comment, body: None, left_out: 0, body_cut: false, source };
    take(services, check.id, fact).await?;
    let name = check.definition.name.as_str();
    actor.log_of(name, &format!("{name} is affirmed ({})", kind.as_str()));
    Ok(())
}
