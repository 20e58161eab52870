//! Holding messages for a while (8.2).

use super::actor::Actor;
use super::not_done::NotDone;
use super::said::{check_end, check_name, check_said};
use super::services::Services;
use super::view::is_matched;
use crate::core::route::{Matcher, Mute};
use crate::core::time::Time;
use crate::store::command::StoreCommand;
use crate::store::live::Live;

/// The most mutes that last at a time.
const MAX_MUTES: usize = 1000;
/// The longest comment, in bytes.
const MAX_COMMENT_BYTES: usize = 1000;

/// What is to be muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Muted {
    /// What these match, as in Alertmanager: `team="dba", check=~".*backup.*"`.
    Matchers(String),
    /// Checks of these names: each must be there.
    Checks(Vec<String>),
}

/// A mute that was made.
#[derive(Clone, Debug)]
pub struct MuteMade {
    /// It, with its number.
    pub mute: Mute,
    /// How many checks it matches now.
    pub matching: usize,
    /// A line for people.
    pub text: String,
}

/// Those that last, oldest first.
pub fn list(services: &Services) -> Vec<Mute> {
    let now = services.clock.now();
    services.live.mutes().iter().filter(|mute| now < mute.until).cloned().collect()
}

/// One that lasts.
pub fn one(services: &Services, id: u64) -> Result<Mute, NotDone> {
    list(services).into_iter().find(|mute| mute.id == id).ok_or_else(|| NotDone::NoSuchMute(id.to_string()))
}

/// Mutes until a time.
pub async fn mute(
    services: &Services,
    actor: &Actor,
    what: Muted,
    until: Time,
    comment: &str,
) -> Result<MuteMade, NotDone> {
    check_said(actor, comment, MAX_COMMENT_BYTES)?;
    let text = matchers_of(&services.live, what)?;
    let matchers = Matcher::parse_list(&text)?;
    if matchers.is_empty() {
        return Err(NotDone::NoMatchers);
    }
    if list(services).len() >= MAX_MUTES {
        return Err(NotDone::TooManyMutes(MAX_MUTES));
    }
    let now = services.clock.now();
    let until = check_end("a mute", until, now)?;
    let (counted, live) = (matchers.clone(), services.live.clone());
    let count = move || live.directory().checks.iter().filter(|check| is_matched(check, &counted)).count();
    let matching = services.aside(actor.room(), count).await?;
    let (comment, by) = (comment.to_owned(), actor.name());
    let mut mute = Mute { id: 0, matchers, text, until, since: now, comment, by };
    let stored = mute.clone();
    mute.id = services.command(actor, |answer| StoreCommand::Mute(stored, answer)).await??;
    let done = format!("mute {}: {} is muted until {until}", mute.id, mute.text);
    let text = match matching {
        0 => format!("{done}; WARNING: no check matches it now"),
        1 => format!("{done}; it matches 1 check now"),
        _ => format!("{done}; it matches {matching} checks now"),
    };
    actor.log(&text);
    Ok(MuteMade { mute, matching, text })
}

/// Ends a mute, and says so.
pub async fn unmute(services: &Services, actor: &Actor, id: u64) -> Result<String, NotDone> {
    check_name(actor)?;
    if !services.command(actor, |answer| StoreCommand::Unmute(id, actor.name(), answer)).await?? {
        return Err(NotDone::NoSuchMute(id.to_string()));
    }
    let text = format!("mute {id} has ended, says {}", actor.name());
    actor.log(&text);
    Ok(text)
}

/// A mute of a name that no check has, by a typing error, would hold nothing. Nor does a former name.
fn matchers_of(live: &Live, what: Muted) -> Result<String, NotDone> {
    let names = match what {
        Muted::Matchers(text) => return Ok(text),
        Muted::Checks(names) => names,
    };
    let is_known = |name: &str| live.find(name).is_some_and(|check| check.definition.name.as_str() == name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        return Err(NotDone::NoSuchCheck(name.clone()));
    }
    Ok(match names.as_slice() {
        [] => String::new(),
        [name] => format!("check=\"{name}\""),
        names => format!("check=~\"{}\"", names.join("|")),
    })
}
