//! Pings that somebody makes by hand (22.2a).

use std::net::IpAddr;

use super::actor::Actor;
use super::not_done::NotDone;
use super::ping;
use super::said::check_said;
use super::services::Services;
use crate::core::check::Ping;
use crate::store::PingFact;
use crate::store::live::Check;

/// A ping that somebody makes by hand.
pub struct Affirmation<'a> {
    /// With a rid of its own, so that it counts once however often it is sent (4.1d).
    pub ping: Ping,
    /// What they say; "": nothing.
    pub comment: &'a str,
    /// The client's address.
    pub source: IpAddr,
}

/// Has it stored, with their name behind what they say.
pub async fn affirm(
    services: &Services,
    actor: &Actor,
    check: &Check,
    affirmation: Affirmation<'_>,
) -> Result<(), NotDone> {
    let Affirmation { ping, comment, source } = affirmation;
    let who = format!("by {}", actor.name());
    check_said(actor, comment, PingFact::MAX_COMMENT_BYTES.saturating_sub(who.len() + " ()".len()))?;
    let kind = ping.kind;
    let said = if comment.is_empty() { who } else { format!("{comment} ({who})") };
    let comment = Some(PingFact::kept(&said).to_owned());
    let fact = PingFact { ping, comment, body: None, left_out: 0, body_cut: false, source };
    ping::take(services, check.id, fact).await?;
    let name = check.definition.name.as_str();
    actor.log_of(name, &format!("{name} is affirmed ({})", kind.as_str()));
    Ok(())
}
