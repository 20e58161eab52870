//! Incidents: which are open, and what people say of them (11.2).

use std::sync::Arc;

use super::answer::stored;
use super::words::{IncidentLine, Line, StanceWord};
use crate::core::incident::{IncidentId, IncidentStep};
use crate::http::App;
use crate::http::aside::Room;
use crate::store::Stance;
use crate::store::history::{IncidentRecord, Reader};
use crate::store::live::Check;

/// The longest name of who says something, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// The incidents that have not ended.
pub(super) async fn list(app: &Arc<App>) -> Vec<Line> {
    let is_bad = |check: &&Arc<Check>| !check.known().state.causes.is_empty();
    let listing = app.aside(Room::Operators, move |app| {
        let reader = reader(app)?;
        let mut open = Vec::new();
        for check in app.live.directory().checks.iter().filter(is_bad) {
            let Some(incident) = reader.open_incident(check.id).map_err(|error| error.to_string())? else {
                continue;
            };
            let said = reader.last_said(incident.id).map_err(|error| error.to_string())?;
            open.push(line(check, &incident, said));
        }
        Ok(open)
    });
    match listing.await.map_err(|bug| bug.to_string()).and_then(|listed| listed) {
        Ok(open) => {
            let mut lines = open;
            lines.push(Line::Done(format!("{} incidents", lines.len())));
            lines
        }
        Err(why) => vec![Line::Failed(why)],
    }
}

fn line(check: &Check, incident: &IncidentRecord, said: Option<IncidentStep>) -> Line {
    Line::Incident(IncidentLine {
        id: incident.id.0,
        check: check.definition.name.to_string(),
        status: incident.status.as_str().to_owned(),
        first: incident.first.kind.as_str().to_owned(),
        opened_at: incident.opened_at.to_string(),
        said_at: said.as_ref().map(|step| step.at.to_string()),
        said_by: said.map(|step| step.by),
    })
}

/// The name of who says something.
pub(super) fn check_name(by: &str) -> Result<(), String> {
    if by.is_empty() || by.len() > MAX_NAME_BYTES || by.chars().any(char::is_control) {
        return Err(format!("who says so has a name of at most {MAX_NAME_BYTES} bytes"));
    }
    Ok(())
}

/// Says how an open incident stands: that of a check, or that of a number.
pub(super) async fn stand(
    app: &Arc<App>,
    which: &str,
    stance: StanceWord,
    by: String,
) -> Result<String, String> {
    check_name(&by)?;
    // No check's name is digits only.
    let is_number = !which.is_empty() && which.bytes().all(|byte| byte.is_ascii_digit());
    let (name, incident) =
        if is_number { of_number(app, which).await? } else { of_check(app, which).await? };
    let (stance, word) = match stance {
        StanceWord::Acknowledge => (Stance::Acknowledge, "acknowledged"),
        StanceWord::WontFix => (Stance::WontFix, "not to be fixed"),
        StanceWord::Reopen => (Stance::Reopen, "open again"),
    };
    let (id, who) = (incident.id, by.clone());
    match stored(app, move |store, now| store.stand(id, stance, &who, now)).await? {
        true => Ok(format!("incident {} of {name} is {word}, says {by}", id.0)),
        false => Err(format!("incident {} of {name} {}", id.0, stands_so(app, id).await)),
    }
}

/// Why nothing was changed: it has ended, or who has said the same before.
async fn stands_so(app: &Arc<App>, id: IncidentId) -> String {
    let reading = app.aside(Room::Operators, move |app| {
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
async fn of_check(app: &Arc<App>, name: &str) -> Result<(String, IncidentRecord), String> {
    let check = app.live.find(name).ok_or_else(|| format!("there is no check `{name}`"))?;
    let open = read(app, |_| vec![check]).await?.pop();
    let (check, incident) = open.ok_or_else(|| format!("{name} has no open incident"))?;
    Ok((check.definition.name.to_string(), incident))
}

/// The incident of a number, and its check's name. Whether it has ended is for the store to say.
async fn of_number(app: &Arc<App>, number: &str) -> Result<(String, IncidentRecord), String> {
    let number = number.to_owned();
    let reading = app.aside(Room::Operators, move |app| {
        let none = || format!("there is no incident {number}");
        let id = IncidentId(number.parse().map_err(|_| none())?);
        let incident = reader(app)?.incident(id).map_err(|error| error.to_string())?.ok_or_else(none)?;
        let directory = app.live.directory();
        let check = directory.checks.iter().find(|check| check.id == incident.check);
        let name = check.map(|check| check.definition.name.to_string());
        Ok((name.ok_or_else(|| format!("the check of incident {number} is no longer declared"))?, incident))
    });
    reading.await.map_err(|error| error.to_string())?
}

fn reader(app: &App) -> Result<&Reader, String> {
    app.history.as_ref().ok_or_else(|| "this server has no history".to_owned())
}

/// The open incident of each of these checks that has one.
async fn read(
    app: &Arc<App>,
    checks: impl FnOnce(&App) -> Vec<Arc<Check>> + Send + 'static,
) -> Result<Vec<(Arc<Check>, IncidentRecord)>, String> {
    let reading = app.aside(Room::Operators, move |app| {
        let reader = reader(app)?;
        let mut open = Vec::new();
        for check in checks(app) {
            let incident = reader.open_incident(check.id).map_err(|error| error.to_string())?;
            open.extend(incident.map(|incident| (check, incident)));
        }
        Ok(open)
    });
    reading.await.map_err(|error| error.to_string())?
}
