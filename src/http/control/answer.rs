//! What is done for a request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::incidents;
use super::words::{CauseLine, CheckLine, For, Line, MuteLine, Request, Status};
use crate::core::cause::Cause;
use crate::core::check::Source;
use crate::core::route::{Facts, Matcher, Mute};
use crate::core::step::View;
use crate::core::time::{Span, Time};
use crate::core::version;
use crate::http::aside::Room;
use crate::http::pausing::{self, Outcome, PAUSED_BY_FILE, Wish};
use crate::http::{App, operate};
use crate::store::live::Check;
use crate::store::{Store, StoreError};

/// The longest mute: one that lasts longer is a change of the configuration.
const MAX_MUTE: Span = Span::mins(366 * 24 * 60);
/// The most mutes that last at a time.
const MAX_MUTES: usize = 1000;
/// The longest comment, in bytes.
const MAX_COMMENT_BYTES: usize = 1000;

/// Answers a request of a user, known by number.
pub(super) async fn answer(app: &Arc<App>, request: Request, user: u32) -> Vec<Line> {
    let done = match request {
        Request::Mutes => return mutes(app),
        Request::Checks => return look(app, checks).await,
        Request::Status => return look(app, status).await,
        Request::Reload { allow_mass_removal } => {
            tracing::info!(
                user,
                allow_mass_removal,
                "by the control socket: the configuration is read again"
            );
            return reload(app, allow_mass_removal).await;
        }
        Request::Pause { check, comment, by } => {
            pause(app, &check, Wish::Pause, Said::new(comment, by, user)).await
        }
        Request::Unpause { check, comment, by } => {
            pause(app, &check, Wish::Unpause, Said::new(comment, by, user)).await
        }
        Request::Mute { matchers, names, lasts, comment, by } => match known(app, &names) {
            Ok(()) => mute(app, matchers, &lasts, Said::new(comment, by, user)).await,
            Err(why) => Err(why),
        },
        Request::Unmute { id } => unmute(app, id).await,
        Request::Incidents => return incidents::list(app).await,
        Request::Stand { check, stance, by } => incidents::stand(app, &check, stance, by).await,
    };
    match done {
        Ok(done) => {
            tracing::info!(user, "by the control socket: {done}");
            vec![Line::Done(done)]
        }
        Err(why) => vec![Line::Failed(why)],
    }
}

/// What it came to is logged by whoever reads it.
async fn reload(app: &App, allow_mass_removal: bool) -> Vec<Line> {
    vec![match operate::read_again(app, allow_mass_removal).await {
        Some(Ok(done)) => Line::Done(done),
        Some(Err(faults)) => Line::Failed(faults),
        None => Line::Failed("the server stops, and reads no configuration any more".to_owned()),
    }]
}

/// A look at all checks, which may be many.
async fn look(app: &Arc<App>, lines: fn(&App) -> Vec<Line>) -> Vec<Line> {
    app.aside(Room::Operators, lines).await.unwrap_or_else(|bug| vec![Line::Failed(bug.to_string())])
}

/// What the writer's thread answers.
pub(super) async fn stored<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&mut dyn Store, Time) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    app.on_store(work).await.map_err(|busy| busy.to_string())?.map_err(|error| error.to_string())
}

/// What somebody says, and who.
struct Said {
    comment: String,
    by: String,
}

impl Said {
    /// Of whoever gives no name, the number is known.
    fn new(comment: String, by: String, user: u32) -> Said {
        Said { comment, by: if by.is_empty() { format!("user {user}") } else { by } }
    }

    /// `, says ann: vendor outage`
    fn in_words(&self) -> String {
        let why = if self.comment.is_empty() { String::new() } else { format!(": {}", self.comment) };
        format!(", says {}{why}", self.by)
    }

    fn check(&self) -> Result<(), String> {
        incidents::check_name(&self.by)?;
        if self.comment.len() > MAX_COMMENT_BYTES || self.comment.chars().any(char::is_control) {
            return Err(format!("a comment is one line of at most {MAX_COMMENT_BYTES} bytes"));
        }
        Ok(())
    }
}

async fn pause(app: &App, name: &str, wish: Wish, said: Said) -> Result<String, String> {
    said.check()?;
    let check = app.live.find(name).ok_or_else(|| format!("there is no check `{name}`"))?;
    let name = check.definition.name.clone();
    let kept = (Some(said.comment.clone()).filter(|comment| !comment.is_empty()), Some(said.by.clone()));
    let outcome = stored(app, move |store, now| pausing::change(store, &check, wish, kept, now)).await?;
    let said = said.in_words();
    match (outcome, wish) {
        (Outcome::Done, Wish::Pause) => Ok(format!("{name} is paused{said}")),
        (Outcome::Done, Wish::Unpause) => Ok(format!("{name} is not paused any more{said}")),
        (Outcome::Already, Wish::Pause) => Ok(format!("{name} is paused already")),
        (Outcome::Already, Wish::Unpause) => Ok(format!("{name} is not paused")),
        (Outcome::PausedByFile, _) => Err(format!("{name} is {PAUSED_BY_FILE}")),
        (Outcome::Gone, _) => Err(format!("{name} is no longer declared")),
    }
}

/// A mute of a name that no check has, by a typing error, would hold nothing. Nor does a former name.
fn known(app: &App, names: &[String]) -> Result<(), String> {
    let is_known =
        |name: &str| app.live.find(name).is_some_and(|check| check.definition.name.as_str() == name);
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
    app.live.directory().checks.iter().filter(matches).count()
}

async fn mute(app: &Arc<App>, text: String, lasts: &For, said: Said) -> Result<String, String> {
    said.check()?;
    let matchers = Matcher::parse_list(&text).map_err(|error| error.to_string())?;
    if matchers.is_empty() {
        return Err("say what to mute; all checks are check=~\".*\"".to_owned());
    }
    let now = app.clock.now();
    if app.live.mutes().iter().filter(|mute| now < mute.until).count() >= MAX_MUTES {
        return Err(format!("there are {MAX_MUTES} mutes already: end some"));
    }
    let until = match lasts {
        For::Ms(ms) => now + Span::ms(*ms),
        For::Until(text) => parse_time(text)?,
    };
    if until <= now || until - now > MAX_MUTE {
        return Err(format!("a mute ends later than now, and within {MAX_MUTE}"));
    }
    let counted = matchers.clone();
    let matching = app
        .aside(Room::Operators, move |app| matching(app, &counted))
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

fn parse_time(text: &str) -> Result<Time, String> {
    let bad =
        |_| format!("`{text}` is no time: write it as 2026-03-28T06:00:00Z or 2026-03-28T07:00:00+01:00");
    chrono::DateTime::parse_from_rfc3339(text).map(|time| Time::from_ms(time.timestamp_millis())).map_err(bad)
}

async fn unmute(app: &App, id: u64) -> Result<String, String> {
    match stored(app, move |store, now| store.unmute(id, now)).await? {
        true => Ok(format!("mute {id} has ended")),
        false => Err(format!("there is no mute {id}: `punctual mutes` lists them")),
    }
}

fn mutes(app: &App) -> Vec<Line> {
    let now = app.clock.now();
    let line = |mute: &Mute| {
        Line::Mute(MuteLine {
            id: mute.id,
            matchers: mute.text.clone(),
            since: mute.since.to_string(),
            until: mute.until.to_string(),
            comment: mute.comment.clone(),
            by: mute.by.clone(),
        })
    };
    let mut lines: Vec<Line> = app.live.mutes().iter().filter(|mute| now < mute.until).map(line).collect();
    lines.push(Line::Done(format!("{} mutes", lines.len())));
    lines
}

fn views(app: &App) -> Vec<(Arc<Check>, View, Option<Time>)> {
    let as_of = app.as_of();
    let seen = |check: &Arc<Check>| {
        let state = check.state();
        (check.clone(), as_of.view(&check.definition.spec, &state), state.last_seen)
    };
    app.live.directory().checks.iter().map(seen).collect()
}

fn checks(app: &App) -> Vec<Line> {
    let text = |time: Option<Time>| time.map(|time| time.to_string());
    let cause =
        |cause: &Cause| CauseLine { kind: cause.kind.as_str().to_owned(), since: cause.since.to_string() };
    let mut lines: Vec<Line> = views(app)
        .into_iter()
        .map(|(check, view, last_seen)| {
            let definition = &check.definition;
            Line::Check(CheckLine {
                name: definition.name.to_string(),
                title: definition.title.clone(),
                group: definition.group.clone(),
                labels: definition.labels.iter().cloned().collect(),
                status: view.status.as_str().to_owned(),
                source: if definition.source == Source::Api { "api" } else { "file" }.to_owned(),
                causes: view.causes.iter().map(cause).collect(),
                last_seen: text(last_seen),
                due: text(view.due),
                deadline: text(view.deadline),
            })
        })
        .collect();
    lines.push(Line::Done(format!("{} checks", lines.len())));
    lines
}

fn status(app: &App) -> Vec<Line> {
    let mut checks = BTreeMap::new();
    for (_, view, _) in views(app) {
        *checks.entry(view.status.as_str().to_owned()).or_default() += 1;
    }
    let totals = &app.live.totals;
    let status = Status {
        version: version::LINE.to_owned(),
        fault: operate::fault(app),
        reload_fault: app.notices().reload_fault.clone(),
        checks,
        incidents_open: totals.incidents_open.load(Ordering::Relaxed),
        deliveries_pending: totals.deliveries_pending.load(Ordering::Relaxed),
        deliveries_parked: totals.deliveries_parked.load(Ordering::Relaxed),
    };
    vec![Line::Status(status), Line::Done("status".to_owned())]
}
