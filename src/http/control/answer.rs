//! What is done for a request.

use std::sync::Arc;

use super::said::{Said, stored};
use super::words::{AnswerLine, For, Request};
use super::{get, incidents};
use crate::app::Room;
use crate::app::pausing::{self, Outcome, PAUSED_BY_FILE, Remark, Wish};
use crate::app::reload;
use crate::core::route::{Facts, Matcher, Mute};
use crate::core::time::{Span, Time};
use crate::http::messages::{self, MessageDeed};
use crate::http::{App, decode};
use crate::store::live::Check;

/// The most mutes that last at a time.
const MAX_MUTES: usize = 1000;
/// Answers a request of a user, known by number.
pub(super) async fn answer(app: &Arc<App>, request: Request, user: u32) -> Vec<AnswerLine> {
    let done = match request {
        Request::Get { path } => return get(app, &path).await,
        Request::Reload { allow_mass_removal } => {
            tracing::info!(
                user,
                allow_mass_removal,
                "by the control socket: the configuration is read again"
            );
            return reload(app, allow_mass_removal).await;
        }
        Request::Pause { check, comment, by, lasts } => {
            let said = Said::new(comment, by, user);
            match lasts.map(|lasts| end(app, "a pause", &lasts)).transpose() {
                Ok(until) => pause(app, &check, Wish::Pause { until }, said).await,
                Err(why) => Err(why),
            }
        }
        Request::Unpause { check, comment, by } => {
            pause(app, &check, Wish::Unpause, Said::new(comment, by, user)).await
        }
        Request::Mute { matchers, names, lasts, comment, by } => match known(app, &names) {
            Ok(()) => mute(app, matchers, &lasts, Said::new(comment, by, user)).await,
            Err(why) => Err(why),
        },
        Request::Unmute { id } => unmute(app, id).await,
        Request::Stand { which, matchers, stance, by } => {
            let said = Said::new(String::new(), by, user);
            return logged(incidents::stand(app, (which, &matchers), said, stance).await, user);
        }
        Request::RetryMessages { receiver: Some(receiver), .. } => messages::retry_all(app, &receiver).await,
        Request::RetryMessages { ids, receiver: None } => {
            return logged(messages(app, ids, &MessageDeed::Retry).await, user);
        }
        Request::DropMessages { ids, by } => {
            let said = Said::new(String::new(), by, user);
            return match said.check() {
                Ok(()) => logged(messages(app, ids, &MessageDeed::Drop(said.by)).await, user),
                Err(why) => vec![AnswerLine::Failed(why)],
            };
        }
    };
    match done {
        Ok(done) => {
            tracing::info!(user, "by the control socket: {done}");
            vec![AnswerLine::Done(done)]
        }
        Err(why) => vec![AnswerLine::Failed(why)],
    }
}

/// Puts into the log what was done.
fn logged(lines: Vec<AnswerLine>, user: u32) -> Vec<AnswerLine> {
    for line in &lines {
        if let AnswerLine::Part(done) | AnswerLine::Done(done) = line
            && !done.is_empty()
        {
            tracing::info!(user, "by the control socket: {done}");
        }
    }
    lines
}

/// Does this with each message.
async fn messages(app: &App, ids: Vec<u64>, deed: &MessageDeed) -> Vec<AnswerLine> {
    let (count, mut lines, mut refused) = (ids.len(), Vec::new(), 0);
    for id in ids {
        match messages::act(app, id, deed.clone()).await {
            Ok(done) => lines.push(AnswerLine::Part(done)),
            Err(why) => {
                refused += 1;
                lines.push(AnswerLine::Refused(why.why()));
            }
        }
    }
    incidents::ended(lines, refused, count)
}

/// What it came to is logged by whoever reads it.
async fn reload(app: &App, allow_mass_removal: bool) -> Vec<AnswerLine> {
    vec![match reload::reload(&app.services, allow_mass_removal).await {
        Ok(done) => AnswerLine::Done(done),
        Err(error) => AnswerLine::Failed(error.to_string()),
    }]
}

/// What programs would be told at this path.
async fn get(app: &Arc<App>, path: &str) -> Vec<AnswerLine> {
    match get::read_here(app, path).await {
        Ok(answer) => vec![AnswerLine::Json(answer), AnswerLine::Done(String::new())],
        Err(why) => vec![AnswerLine::Failed(why)],
    }
}

async fn pause(app: &App, name: &str, wish: Wish, said: Said) -> Result<String, String> {
    said.check()?;
    let check = app.services.live.find(name).ok_or_else(|| format!("there is no check `{name}`"))?;
    let name = check.definition.name.clone();
    let comment = Some(said.comment.clone()).filter(|comment| !comment.is_empty());
    let kept = Remark { comment, by: Some(said.by.clone()) };
    let outcome = stored(app, move |store, now| pausing::change(store, &check, wish, kept, now)).await?;
    let said = said.in_words();
    match (outcome, wish) {
        (Outcome::Done, Wish::Pause { until: None }) => Ok(format!("{name} is paused{said}")),
        (Outcome::Done, Wish::Pause { until: Some(until) }) => {
            Ok(format!("{name} is paused until {until}{said}"))
        }
        (Outcome::Done, Wish::Unpause) => Ok(format!("{name} is not paused any more{said}")),
        (Outcome::Already, Wish::Pause { .. }) => Ok(format!("{name} is paused already")),
        (Outcome::Already, Wish::Unpause) => Ok(format!("{name} is not paused")),
        (Outcome::PausedByFile, _) => Err(format!("{name} is {PAUSED_BY_FILE}")),
        (Outcome::Gone, _) => Err(format!("{name} is no longer declared")),
    }
}

/// When something ends that is said now.
fn end(app: &App, what: &str, lasts: &For) -> Result<Time, String> {
    let now = app.services.clock.now();
    let until = match lasts {
        For::Ms(ms) => now + Span::ms(*ms),
        For::Until(text) => decode::time(text)?,
    };
    pausing::check_end(what, until, now)
}

/// A mute of a name that no check has, by a typing error, would hold nothing. Nor does a former name.
fn known(app: &App, names: &[String]) -> Result<(), String> {
    let is_known =
        |name: &str| app.services.live.find(name).is_some_and(|check| check.definition.name.as_str() == name);
    match names.iter().find(|name| !is_known(name)) {
        Some(name) => Err(format!("there is no check `{name}`")),
        None => Ok(()),
    }
}

/// How many checks these match, as they stand now.
fn matching(app: &App, matchers: &[Matcher]) -> usize {
    let matches = |check: &&Arc<Check>| {
        let causes = check.known().state.causes.clone();
        Facts { definition: &check.definition, causes: causes.as_slice() }.matched_by(matchers)
    };
    app.services.live.directory().checks.iter().filter(matches).count()
}

async fn mute(app: &Arc<App>, text: String, lasts: &For, said: Said) -> Result<String, String> {
    said.check()?;
    let matchers = Matcher::parse_list(&text).map_err(|error| error.to_string())?;
    if matchers.is_empty() {
        return Err("say what to mute; all checks are check=~\".*\"".to_owned());
    }
    let now = app.services.clock.now();
    if app.services.live.mutes().iter().filter(|mute| now < mute.until).count() >= MAX_MUTES {
        return Err(format!("there are {MAX_MUTES} mutes already: end some"));
    }
    let until = end(app, "a mute", lasts)?;
    let (counted, at) = (matchers.clone(), app.clone());
    let matching = app
        .services
        .aside(Room::Operators, move || matching(&at, &counted))
        .await
        .map_err(|bug| bug.to_string())?;
    let Said { comment, by } = said;
    let mute = Mute { id: 0, matchers, text: text.clone(), until, since: now, comment, by };
    let id = stored(app, move |store, now| store.mute(mute, now)).await?;
    let done = format!("mute {id}: {text} is muted until {until}");
    Ok(match matching {
        0 => format!("{done}; WARNING: no check matches it now"),
        1 => format!("{done}; it matches 1 check now"),
        _ => format!("{done}; it matches {matching} checks now"),
    })
}

async fn unmute(app: &App, id: u64) -> Result<String, String> {
    match stored(app, move |store, now| store.unmute(id, now)).await? {
        true => Ok(format!("mute {id} has ended")),
        false => Err(format!("there is no mute {id}: `punctual mutes` lists them")),
    }
}
