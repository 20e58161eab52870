//! What people say of open incidents: of one, of several, or of all that match (11.2).

use std::sync::Arc;

use super::said::{Said, stored};
use super::words::{AnswerLine, StanceWord};
use crate::app::{Bug, Room};
use crate::core::incident::IncidentId;
use crate::core::route::{Facts, Matcher};
use crate::http::App;
use crate::store::Stance;
use crate::store::history::{IncidentRecord, Reader};
use crate::store::live::Check;

/// What is said, and the words for it.
#[derive(Clone, Copy)]
struct Stands {
    stance: Stance,
    word: &'static str,
}

impl From<StanceWord> for Stands {
    fn from(stance: StanceWord) -> Stands {
        let (stance, word) = match stance {
            StanceWord::Acknowledge => (Stance::Acknowledge, "acknowledged"),
            StanceWord::WontFix => (Stance::WontFix, "not to be fixed"),
            StanceWord::Reopen => (Stance::Reopen, "open again"),
        };
        Stands { stance, word }
    }
}

/// An incident, and its check's present name.
type Named = (IncidentRecord, String);

/// Says how incidents stand: each of those that are named, by a check or a number, and all that the matchers match.
pub(super) async fn stand(
    app: &Arc<App>,
    (which, matchers): (Vec<String>, &str),
    said: Said,
    stance: StanceWord,
) -> Vec<AnswerLine> {
    let stands = Stands::from(stance);
    if let Err(why) = said.check() {
        return vec![AnswerLine::Failed(why)];
    }
    let by = said.by;
    if which.is_empty() {
        return vec![all(app, matchers, stands, &by).await.map_or_else(AnswerLine::Failed, AnswerLine::Done)];
    }
    let (count, mut lines, mut refused) = (which.len(), Vec::new(), 0);
    for which in which {
        match one(app, &which, stands, &by).await {
            Ok(done) => lines.push(AnswerLine::Part(done)),
            Err(why) => {
                refused += 1;
                lines.push(AnswerLine::Refused(why));
            }
        }
    }
    ended(lines, refused, count)
}

/// The end of an answer that tells of so many things, of which some were refused.
pub(super) fn ended(mut lines: Vec<AnswerLine>, refused: usize, count: usize) -> Vec<AnswerLine> {
    match lines.as_slice() {
        // Of one thing one line tells all.
        [AnswerLine::Part(done)] if count == 1 => vec![AnswerLine::Done(done.clone())],
        [AnswerLine::Refused(why)] if count == 1 => vec![AnswerLine::Failed(why.clone())],
        _ => {
            lines.push(match refused {
                0 => AnswerLine::Done(String::new()),
                _ => AnswerLine::Failed(format!("{refused} of {count} were not changed")),
            });
            lines
        }
    }
}

async fn one(app: &Arc<App>, which: &str, stands: Stands, by: &str) -> Result<String, String> {
    // No check's name is digits only.
    let is_number = !which.is_empty() && which.bytes().all(|byte| byte.is_ascii_digit());
    let (incident, name) =
        if is_number { of_number(app, which).await? } else { of_check(app, which).await? };
    let (id, who) = (incident.id, by.to_owned());
    match stored(app, move |store, now| store.stand(id, stands.stance, &who, now)).await? {
        true => Ok(format!("incident {} of {name} is {}, says {by}", id.0, stands.word)),
        false => Err(format!("incident {} of {name} {}", id.0, stands_so(app, id).await)),
    }
}

/// All open incidents that match; those that stand so already are left as they are.
async fn all(app: &Arc<App>, matchers: &str, stands: Stands, by: &str) -> Result<String, String> {
    let matching = matching(app, matchers).await?;
    if matching.is_empty() {
        return Err(format!(
            "no incident is open that {matchers} matches: `punctual incidents list` lists them"
        ));
    }
    let count = matching.len();
    let mut changed = 0;
    // Each in a turn of its own, so that pings are stored between them. Whether it is new is for the store to say: to
    // acknowledge again takes on what began since.
    for (incident, _) in &matching {
        let (id, who) = (incident.id, by.to_owned());
        let is_changed = stored(app, move |store, now| store.stand(id, stands.stance, &who, now)).await?;
        changed += usize::from(is_changed);
    }
    let names: Vec<&str> = matching.iter().map(|(_, name)| name.as_str()).collect();
    let shown = names.iter().take(20).copied().collect::<Vec<_>>().join(", ");
    let more = if count > 20 { format!(" and {} more", count - 20) } else { String::new() };
    let before = match count - changed {
        0 => String::new(),
        before => format!("; {before} stood so already, or ended meanwhile"),
    };
    let are = if changed == 1 { "incident is" } else { "incidents are" };
    Ok(format!("{changed} {are} {}, says {by}{before}: {shown}{more}", stands.word))
}

/// The open incidents of checks that these match, as they stand now.
async fn matching(app: &Arc<App>, matchers: &str) -> Result<Vec<Named>, String> {
    let matchers = Matcher::parse_list(matchers).map_err(|error| error.to_string())?;
    if matchers.is_empty() {
        return Err("say which: all are check=~\".*\"".to_owned());
    }
    let matches = move |check: &&Arc<Check>| {
        let causes = check.known().state.causes.clone();
        let facts = Facts { definition: &check.definition, causes: causes.as_slice() };
        !causes.is_empty() && facts.matched_by(&matchers)
    };
    read(app, move |app| app.services.live.directory().checks.iter().filter(matches).cloned().collect()).await
}

/// Why nothing was changed: it has ended, or who has said the same before.
async fn stands_so(app: &Arc<App>, id: IncidentId) -> String {
    let reading = aside(app, move |app| {
        let reader = reader(app)?;
        let incident = reader.incident(id).map_err(|error| error.to_string())?;
        let said = reader.last_said(id).map_err(|error| error.to_string())?;
        Ok::<_, String>((incident, said))
    });
    match reading.await {
        Ok(Ok((Some(incident), Some(said)))) if !incident.status.is_ended() => {
            let status = incident.status.as_str();
            format!("stands so already: {status} since {}, says {}", said.at, said.by)
        }
        Ok(Ok((Some(incident), None))) if !incident.status.is_ended() => "is open already".to_owned(),
        _ => "has ended".to_owned(),
    }
}

/// The open incident of a check, and the check's present name.
async fn of_check(app: &Arc<App>, name: &str) -> Result<Named, String> {
    let check = app
        .services
        .live
        .find(name)
        .ok_or_else(|| format!("there is no check `{name}`: `punctual checks list` lists them"))?;
    let open = read(app, |_| vec![check]).await?.pop();
    open.ok_or_else(|| format!("{name} has no open incident: `punctual incidents list` lists them"))
}

/// The incident of a number, and its check's name. Whether it has ended is for the store to say.
async fn of_number(app: &Arc<App>, number: &str) -> Result<Named, String> {
    let number = number.to_owned();
    let reading = aside(app, move |app| {
        let none = || format!("there is no incident {number}: `punctual incidents list` lists them");
        let id = IncidentId(number.parse().map_err(|_| none())?);
        let incident = reader(app)?.incident(id).map_err(|error| error.to_string())?.ok_or_else(none)?;
        let directory = app.services.live.directory();
        let check = directory.checks.iter().find(|check| check.id == incident.check);
        let name = check.map(|check| check.definition.name.to_string());
        Ok((incident, name.ok_or_else(|| format!("the check of incident {number} is no longer declared"))?))
    });
    reading.await.map_err(|error| error.to_string())?
}

fn reader(app: &App) -> Result<&Reader, String> {
    app.services.history.as_ref().ok_or_else(|| "this server has no history".to_owned())
}

/// The open incident of each of these checks that has one.
async fn read(
    app: &Arc<App>,
    checks: impl FnOnce(&App) -> Vec<Arc<Check>> + Send + 'static,
) -> Result<Vec<Named>, String> {
    let reading = aside(app, move |app| {
        let reader = reader(app)?;
        let mut open = Vec::new();
        for check in checks(app) {
            let incident = reader.open_incident(check.id).map_err(|error| error.to_string())?;
            open.extend(incident.map(|incident| (incident, check.definition.name.to_string())));
        }
        Ok(open)
    });
    reading.await.map_err(|error| error.to_string())?
}

async fn aside<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&App) -> T + Send + 'static,
) -> Result<T, Bug> {
    let at = app.clone();
    app.services.aside(Room::Operators, move || work(&at)).await
}
