//! What people do by the forms of the pages of incidents: to one, to those that they chose, or to all that a filter finds (22.7).

use hyper::StatusCode;
use hyper::body::Incoming;

use super::act::{RefusedForm, actor, end, invalid, may_not};
use super::form::{self, Form};
use super::pages::IncidentFilter;
use super::problem::Problem;
use super::reply::Reply;
use super::viewer::Viewer;
use super::visit::Visit;
use super::{App, pages, sign_in};
use crate::app::incidents::{self, StanceAsked};
use crate::app::open_incidents::Picked;
use crate::config::Scope;
use crate::core::incident::IncidentId;
use crate::core::time::Time;
use crate::store::Stance;

/// The most that one form may choose: as many as are on a page.
const MOST_CHOSEN: usize = 300;

/// Answers `POST /incidents`, and of one `POST /incidents/{id}`: does it, and shows the page again.
pub(super) async fn answer(visit: Visit<'_>, viewer: Viewer, id: Option<&str>, body: Incoming) -> Reply {
    let form = match form::read(visit, body).await {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let filter = IncidentFilter::parse(Some(form.get("filter")));
    let done = match viewer.made(form.get("form")) {
        true => act(visit, &viewer, (id, &filter), &form).await,
        false => Err(form::of_another_session()),
    };
    match done {
        // Asked for anew, so that loading it again does nothing again.
        Ok(()) => match id {
            Some(id) => sign_in::moved(&format!("./{id}"), None),
            None => sign_in::moved(&format!("./incidents?{}", filter.query()), None),
        },
        Err(problem) => {
            let refused = RefusedForm { problem, comment: form.get("comment").trim().to_owned() };
            let id = id.map(str::to_owned);
            let sees = viewer.may(Scope::Read);
            let make = move |app: &App| match (sees, &id) {
                (true, Some(id)) => pages::incident(app, id, (&viewer, Some(&refused))),
                (true, None) => pages::incidents(app, Some(&filter.query()), (&viewer, Some(&refused))),
                (false, Some(id)) => pages::refused(&format!("incidents/{id}"), &viewer, &refused),
                (false, None) => pages::refused("incidents", &viewer, &refused),
            };
            pages::make(visit, make).await
        }
    }
}

async fn act(
    visit: Visit<'_>,
    viewer: &Viewer,
    (id, filter): (Option<&str>, &IncidentFilter),
    form: &Form,
) -> Result<(), Problem> {
    if !viewer.may(Scope::Operate) {
        return Err(may_not(viewer, Scope::Operate));
    }
    let services = &visit.app.services;
    let stance = match form.get("do") {
        "acknowledge" => Some(Stance::Acknowledge),
        "wont-fix" => Some(Stance::WontFix),
        "reopen" => Some(Stance::Reopen),
        "comment" => Some(Stance::Comment),
        "mute" => None,
        _ => return Err(invalid("this form says nothing that can be done")),
    };
    let actor = actor(visit, viewer, form)?;
    let (comment, now) = (form.get("comment").trim(), services.clock.now());
    let lasts = end(form.get("for"), now)?;
    let Some(stance) = stance else {
        let until = lasts.ok_or_else(|| invalid("a mute has an end: say for how long"))?;
        let picked = picked(id, filter, form, now)?;
        return Ok(incidents::mute_picked(services, &actor, picked, until, comment).await.map(drop)?);
    };
    // How long is said of an acknowledgement alone, though it stands beside the other buttons.
    let until = lasts.filter(|_| stance == Stance::Acknowledge);
    let asked = StanceAsked { stance, until, comment };
    match id {
        Some(id) => drop(incidents::stand(services, &actor, id, &asked).await?),
        None => {
            let picked = picked(id, filter, form, now)?;
            drop(incidents::stand_picked(services, &actor, picked, &asked).await?);
        }
    }
    Ok(())
}

fn picked(id: Option<&str>, filter: &IncidentFilter, form: &Form, now: Time) -> Result<Picked, Problem> {
    if id.is_none() && form.get("all") == "yes" {
        let asked = filter.asked(now).map_err(invalid)?;
        return Ok(Picked::Listed(Box::new(asked)));
    }
    let chosen: Vec<&str> = id.into_iter().chain(form.all("incident")).collect();
    let number = |text: &&str| text.parse().map(IncidentId).map_err(|_| invalid("an incident has a number"));
    let ids = chosen.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    match ids.len() {
        0 => Err(invalid("choose some incidents, or all that the filter finds")),
        1..=MOST_CHOSEN => Ok(Picked::These(ids)),
        _ => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("at most {MOST_CHOSEN} can be chosen at once"),
        )),
    }
}
