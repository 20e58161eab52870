//! What people say of open incidents: of one, of a check's, or of all that match (11.2).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::actor::Actor;
use super::mutes;
use super::not_done::NotDone;
use super::open_incidents::{OpenIncident, Picked, matching, of_check, of_number, picked_ones, with_history};
use super::said::{check_end_within, check_lines};
use super::services::Services;
use crate::core::incident::{AckTerm, IncidentId, IncidentStatus, IncidentStep};
use crate::core::time::Time;
use crate::store::command::StoreCommand;
use crate::store::{Saying, Stance, Stood};

/// So many names are said; then how many more there are.
const MAX_NAMED: usize = 20;

/// So many checks one mute names: their names are shorter than the longest matchers.
const MUTED_TOGETHER: usize = 30;

/// So many are stored together; pings are stored between them and the next ones, so that none waits for more than some 50 ms.
/// Measured without optimisation, where each has twenty actions: 47 ms for a hundred that are acknowledged; 20 ms for ten that
/// are opened again, and 60 ms for a hundred of these.
fn max_together(stance: Stance) -> usize {
    match stance {
        Stance::Acknowledge | Stance::WontFix | Stance::Comment => 100,
        // All actions of each are planned anew.
        Stance::Reopen => 10,
    }
}

/// What somebody wants to say of incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StanceAsked<'a> {
    pub stance: Stance,
    /// Until when it is acknowledged (22.4).
    pub until: Option<Time>,
    /// In their own words; "": nothing.
    pub comment: &'a str,
}

impl StanceAsked<'_> {
    /// Without an end, and without a comment.
    pub fn only(stance: Stance) -> StanceAsked<'static> {
        StanceAsked { stance, until: None, comment: "" }
    }

    /// Whether they may say so.
    fn check(&self, services: &Services, actor: &Actor) -> Result<Saying, NotDone> {
        let StanceAsked { stance, until, comment } = *self;
        let comment = check_lines(actor, comment, IncidentStep::MAX_COMMENT_BYTES)?;
        if stance == Stance::Comment && comment.is_empty() {
            return Err(NotDone::NoComment);
        }
        if let Some(until) = until {
            let now = services.clock.now();
            check_end_within("an acknowledgement", until, AckTerm::MAX, now)?;
            if stance != Stance::Acknowledge {
                return Err(NotDone::NoEnd);
            }
        }
        Ok(Saying { stance, until, comment, by: actor.name() })
    }
}

/// What was said of all that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllStood {
    /// How many match.
    pub matching: usize,
    /// Of these, how many did not stand so before.
    pub changed: usize,
    /// A line for people.
    pub text: String,
}

/// Says how the incident of this number stands; in words what was done.
pub async fn stand(
    services: &Arc<Services>,
    actor: &Actor,
    number: &str,
    asked: &StanceAsked<'_>,
) -> Result<String, NotDone> {
    let saying = asked.check(services, actor)?;
    let open = of_number(services, actor, number).await?;
    one(services, actor, open, &saying).await
}

/// Says how all open incidents of a check stand: its own, and those of its records.
pub async fn stand_of_check(
    services: &Arc<Services>,
    actor: &Actor,
    check: &str,
    asked: &StanceAsked<'_>,
) -> Result<AllStood, NotDone> {
    let saying = asked.check(services, actor)?;
    let found = services.live.find(check).ok_or_else(|| NotDone::NoSuchCheck(check.to_owned()))?;
    let name = found.definition.name.clone();
    let mut open = of_check(services, actor, found).await?;
    match open.pop() {
        None => Err(NotDone::NoOpenIncident(name)),
        Some(only) if open.is_empty() => {
            let text = one(services, actor, only, &saying).await?;
            Ok(AllStood { matching: 1, changed: 1, text })
        }
        Some(last) => {
            open.push(last);
            many(services, actor, &open, &saying).await
        }
    }
}

/// Says how all open incidents stand of checks that these match, as they stand now; those that stand so already are left as
/// they are.
pub async fn stand_all(
    services: &Arc<Services>,
    actor: &Actor,
    matchers: &str,
    asked: &StanceAsked<'_>,
) -> Result<AllStood, NotDone> {
    let saying = asked.check(services, actor)?;
    let open = matching(services, actor, matchers).await?;
    if open.is_empty() {
        return Err(NotDone::NoneMatches(matchers.to_owned()));
    }
    many(services, actor, &open, &saying).await
}

/// Says how those stand that somebody picked; those that stand so already, or have ended, are left as they are.
pub async fn stand_picked(
    services: &Arc<Services>,
    actor: &Actor,
    picked: Picked,
    asked: &StanceAsked<'_>,
) -> Result<AllStood, NotDone> {
    let saying = asked.check(services, actor)?;
    let open = picked_ones(services, actor, picked).await?;
    many(services, actor, &open, &saying).await
}

/// Mutes the checks of what somebody picked, until a time; in words what was done.
pub async fn mute_picked(
    services: &Arc<Services>,
    actor: &Actor,
    picked: Picked,
    until: Time,
    comment: &str,
) -> Result<String, NotDone> {
    let open = picked_ones(services, actor, picked).await?;
    let names: BTreeSet<String> = open.iter().map(|open| open.check.to_string()).collect();
    let names: Vec<String> = names.into_iter().collect();
    let mut done = Vec::new();
    // Matchers have a longest length.
    for some in names.chunks(MUTED_TOGETHER) {
        let what = mutes::Muted::Checks(some.to_vec());
        match mutes::mute(services, actor, what, until, comment).await {
            Ok(mute) => done.push(mute.text),
            Err(why) if done.is_empty() => return Err(why),
            Err(why) => return Err(NotDone::PartlyDone(format!("{}; and no more: {why}", done.join("; ")))),
        }
    }
    Ok(done.join("; "))
}

async fn many(
    services: &Arc<Services>,
    actor: &Actor,
    open: &[OpenIncident],
    saying: &Saying,
) -> Result<AllStood, NotDone> {
    // Of what nobody wants to hear none is taken on unawares, to be told when that ends: it is named by itself for that.
    let is_meant =
        |open: &&OpenIncident| saying.stance != Stance::Acknowledge || open.status != IncidentStatus::WontFix;
    let ids: Vec<IncidentId> = open.iter().filter(is_meant).map(|open| open.id).collect();
    let (count, mut changed, mut full) = (open.len(), 0, 0);
    // Whether it is new is for the store to say: to acknowledge again takes on what began since.
    for (nth, together) in ids.chunks(max_together(saying.stance)).enumerate() {
        match say(services, actor, together.to_vec(), saying).await {
            Ok(stood) => {
                changed += stood.iter().filter(|stood| **stood == Stood::New).count();
                full += stood.iter().filter(|stood| **stood == Stood::Full).count();
            }
            Err(why) if nth == 0 => return Err(why),
            Err(why) => return Err(stopped(actor, saying, (changed, count), &why)),
        }
    }
    let mut names: Vec<&str> = open.iter().map(|open| open.check.as_str()).collect();
    // A check with records has many.
    names.dedup();
    let shown = names.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    let left = names.len().saturating_sub(MAX_NAMED);
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    let mut before = match count - changed - full {
        0 => String::new(),
        before => format!("; {before} stood so already, or ended meanwhile"),
    };
    if full > 0 {
        before += &format!("; {full} not, since each {}", full_words(saying.stance));
    }
    let are = if changed == 1 { "incident is" } else { "incidents are" };
    let (word, by) = (word(saying), actor.name());
    let text = format!("{changed} {are} {word}, says {by}{before}: {shown}{more}");
    actor.log(&text);
    Ok(AllStood { matching: count, changed, text })
}

/// What was done before it failed stays, and is told and logged.
fn stopped(actor: &Actor, saying: &Saying, (changed, count): (usize, usize), why: &NotDone) -> NotDone {
    let (word, by) = (word(saying), actor.name());
    let text = format!("{changed} of {count} incidents are {word}, says {by}, and no more");
    actor.log(&format!("{text}: {why}"));
    NotDone::PartlyDone(text)
}

async fn one(
    services: &Arc<Services>,
    actor: &Actor,
    OpenIncident { id, check, .. }: OpenIncident,
    saying: &Saying,
) -> Result<String, NotDone> {
    let stood = say(services, actor, vec![id], saying).await?;
    if stood != [Stood::New] {
        let stands = match saying.stance {
            stance if stood == [Stood::Full] => full_words(stance),
            Stance::Comment => "is not kept any more".to_owned(),
            _ => stands_so(services, actor, id).await?,
        };
        return Err(NotDone::NotStood { id: id.0, check, stands });
    }
    let text = format!("incident {} of {check} is {}, says {}", id.0, word(saying), actor.name());
    actor.log_of(check.as_str(), &text);
    Ok(text)
}

/// Says so of all of these or of none, and what became of it for each.
async fn say(
    services: &Services,
    actor: &Actor,
    ids: Vec<IncidentId>,
    saying: &Saying,
) -> Result<Vec<Stood>, NotDone> {
    let saying = saying.clone();
    Ok(services.command(actor, |answer| StoreCommand::Stand(ids, saying, answer)).await??)
}

/// Why no more is said of one, and what there is instead.
fn full_words(stance: Stance) -> String {
    match stance {
        Stance::Comment => format!("has {} comments already, and no more are kept", Saying::MAX_COMMENTS),
        _ => format!(
            "was acknowledged, marked wont-fix and reopened {} times already: mute its check until it is over",
            Saying::MAX_STANCES
        ),
    }
}

fn word(saying: &Saying) -> String {
    match (saying.stance, saying.until) {
        (Stance::Acknowledge, Some(until)) => format!("acknowledged until {until}"),
        (Stance::Acknowledge, None) => "acknowledged".to_owned(),
        (Stance::WontFix, _) => "not to be fixed".to_owned(),
        (Stance::Reopen, _) => "open again".to_owned(),
        (Stance::Comment, _) => "commented on".to_owned(),
    }
}

/// Why nothing was changed: it has ended, or who has said the same before.
async fn stands_so(services: &Arc<Services>, actor: &Actor, id: IncidentId) -> Result<String, NotDone> {
    let reading =
        with_history(services, actor, move |at| Ok((at.history.incident(id)?, at.history.last_said(id)?)));
    Ok(match reading.await? {
        (Some(incident), Some(said)) if !incident.status.is_ended() => {
            let status = incident.status.as_str();
            format!("stands so already: {status} since {}, says {}", said.at, said.by)
        }
        (Some(incident), None) if !incident.status.is_ended() => "is open already".to_owned(),
        _ => "has ended".to_owned(),
    })
}
