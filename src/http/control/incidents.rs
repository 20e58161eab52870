//! Incidents: which are open, and what people say of them (11.2).

use std::sync::Arc;

use super::answer::stored;
use super::words::{IncidentLine, Line, StanceWord};
use crate::http::App;
use crate::store::Stance;
use crate::store::history::IncidentRecord;
use crate::store::live::Check;

/// The longest name of who says something, in bytes.
const MAX_NAME_BYTES: usize = 100;

/// The incidents that have not ended.
pub(super) async fn list(app: &Arc<App>) -> Vec<Line> {
    let bad = |check: &&Arc<Check>| !check.known().state.causes.is_empty();
    let checks: Vec<Arc<Check>> = app.live.directory().checks.iter().filter(bad).cloned().collect();
    match read(app, checks).await {
        Ok(open) => {
            let mut lines: Vec<Line> = open.iter().map(|(check, incident)| line(check, incident)).collect();
            lines.push(Line::Done(format!("{} incidents", lines.len())));
            lines
        }
        Err(why) => vec![Line::Failed(why)],
    }
}

fn line(check: &Check, incident: &IncidentRecord) -> Line {
    Line::Incident(IncidentLine {
        id: incident.id.0,
        check: check.definition.name.to_string(),
        status: incident.status.as_str().to_owned(),
        first: incident.first.kind.as_str().to_owned(),
        opened_at: incident.opened_at.to_string(),
    })
}

/// Says how the open incident of a check stands.
pub(super) async fn stand(
    app: &Arc<App>,
    name: &str,
    stance: StanceWord,
    by: String,
) -> Result<String, String> {
    if by.is_empty() || by.len() > MAX_NAME_BYTES || by.chars().any(char::is_control) {
        return Err(format!("who says so has a name of at most {MAX_NAME_BYTES} bytes"));
    }
    let check = app.live.find(name).ok_or_else(|| format!("there is no check `{name}`"))?;
    let open = read(app, vec![check]).await?.pop();
    let Some((_, incident)) = open else { return Err(format!("{name} has no open incident")) };
    let (stance, word) = match stance {
        StanceWord::Acknowledge => (Stance::Acknowledge, "acknowledged"),
        StanceWord::WontFix => (Stance::WontFix, "not to be fixed"),
        StanceWord::Reopen => (Stance::Reopen, "open again"),
    };
    let (id, who) = (incident.id, by.clone());
    match stored(app, move |store, now| store.stand(id, stance, &who, now)).await? {
        true => Ok(format!("incident {} of {name} is {word}, says {by}", id.0)),
        false => Err(format!("incident {} of {name} has ended, or stands so already", id.0)),
    }
}

/// The open incident of each of these checks that has one.
async fn read(app: &Arc<App>, checks: Vec<Arc<Check>>) -> Result<Vec<(Arc<Check>, IncidentRecord)>, String> {
    let reading = app.aside(move |app| {
        let reader = app.history.as_ref().ok_or("this server has no history")?;
        let mut open = Vec::new();
        for check in checks {
            let incident = reader.open_incident(check.id).map_err(|error| error.to_string())?;
            open.extend(incident.map(|incident| (check, incident)));
        }
        Ok(open)
    });
    reading.await.map_err(|error| error.to_string())?
}
