//! What people do by the forms that make, change and delete checks (22.11).

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Incoming;
use serde_json::Value;

use super::act::{RefusedForm, actor, invalid, may_not};
use super::form::{self, Form};
use super::problem::Problem;
use super::reply::Reply;
use super::viewer::Viewer;
use super::visit::Visit;
use super::{App, pages, sign_in, version};
use crate::app::describe::{describe, faults_of};
use crate::app::edit::{self, EditNotDone};
use crate::app::{Actor, NotDone, Room};
use crate::config::{CheckForm, Described, DescribedError, FieldProblem, REST, Scope, words_of};
use crate::core::check::{Definition, Name};
use crate::store::command::CheckChange;
use crate::store::live::Check;
use crate::store::{EditError, NewCheck, SpecChange};

/// The largest form of somebody who may send it, in bytes: as much as the API takes, with three for each byte that is escaped.
const MAX_BYTES: usize = 3 * 64 * 1024;

/// A form of a check of which nothing came.
pub(super) struct RefusedCheck {
    pub(super) typed: CheckForm,
    /// It was to be deleted.
    pub(super) deletes: bool,
    pub(super) why: NotMade,
}

/// Why a check is not made, changed or deleted.
pub(super) enum NotMade {
    /// What was typed is not right.
    Faults(Vec<FieldProblem>),
    /// It is another by now than the form was made of (22.11c).
    Another,
    /// There is none.
    Gone,
    Problem(Problem),
}

impl NotMade {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            NotMade::Faults(_) => StatusCode::UNPROCESSABLE_ENTITY,
            NotMade::Another => StatusCode::CONFLICT,
            NotMade::Gone => StatusCode::NOT_FOUND,
            NotMade::Problem(problem) => problem.status(),
        }
    }
}

impl From<Problem> for NotMade {
    fn from(problem: Problem) -> NotMade {
        NotMade::Problem(problem)
    }
}

impl From<EditNotDone> for NotMade {
    fn from(why: EditNotDone) -> NotMade {
        let of_keys = faults_of(&why);
        let problem: Problem = match why {
            _ if !of_keys.is_empty() => return NotMade::Faults(CheckForm::default().place(of_keys)),
            EditNotDone::Refused(EditError::NoSuchCheck) => return NotMade::Gone,
            EditNotDone::Refused(EditError::NameTaken(_)) => {
                return NotMade::Faults(vec![FieldProblem::of("name", why.to_string())]);
            }
            EditNotDone::Refused(EditError::Store(error)) => NotDone::Store(error).into(),
            EditNotDone::Busy(busy) => NotDone::Busy(busy).into(),
            why => Problem::new(StatusCode::CONFLICT, why.to_string()),
        };
        NotMade::Problem(problem)
    }
}

/// Answers `POST /new`, and of a check that is there `POST /edit/{name}`: does it, and shows what came of it.
pub(super) async fn answer(visit: Visit<'_>, viewer: Viewer, of: Option<&str>, body: Incoming) -> Reply {
    let may = viewer.may(Scope::Write);
    let max_bytes = if may { MAX_BYTES } else { form::MAX_BYTES };
    let form = match form::read_up_to(visit, body, max_bytes).await {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let typed = CheckForm::typed(|field| form.get(field).to_owned());
    let done = match viewer.made(form.get("form")) {
        true => act(visit, &viewer, (of, &typed), &form).await,
        false => Err(form::of_another_session().into()),
    };
    let up = of.map_or("./", |_| "../");
    match done {
        // Asked for anew, so that loading it again does nothing again.
        Ok(Some(name)) => sign_in::moved(&format!("{up}checks/{name}"), None),
        Ok(None) => sign_in::moved(up, None),
        Err(NotMade::Problem(problem)) if !may => {
            let written: Vec<String> =
                typed.filled().map(|(field, value)| format!("{field}: {value}")).collect();
            let refused = RefusedForm { problem, comment: written.join("\n") };
            let to = of.map_or_else(|| "new".to_owned(), |name| format!("edit/{name}"));
            pages::make(visit, move |_| pages::refused(&to, &viewer, &refused)).await
        }
        Err(why) => {
            let refused = RefusedCheck { typed, deletes: form.get("do") == "delete", why };
            let of = of.map(str::to_owned);
            let make = move |app: &App| pages::edit(app, of.as_deref(), None, (&viewer, Some(&refused)));
            pages::make(visit, make).await
        }
    }
}

/// Answers the name of the check; `None`: it is deleted.
async fn act(
    visit: Visit<'_>,
    viewer: &Viewer,
    (of, typed): (Option<&str>, &CheckForm),
    form: &Form,
) -> Result<Option<Name>, NotMade> {
    if !viewer.may(Scope::Write) {
        return Err(may_not(viewer, Scope::Write).into());
    }
    let actor = actor(visit, viewer, form)?;
    match (of, form.get("do")) {
        (None, "save") => create(visit, &actor, typed).await.map(Some),
        (Some(name), "save") => change(visit, &actor, typed, (name, form.get("version"))).await.map(Some),
        (Some(name), "delete") => delete(visit, &actor, (name, form.get("version"))).await.map(|()| None),
        _ => Err(invalid("this form says nothing that can be done").into()),
    }
}

/// Whoever presses twice finds the check that they made (22.11b).
async fn create(visit: Visit<'_>, actor: &Actor, typed: &CheckForm) -> Result<Name, NotMade> {
    let services = &visit.app.services;
    let Described { definition, paused } = described(visit, typed, None).await?;
    let new = NewCheck { definition: definition.clone(), paused: paused.unwrap_or(false), past: None };
    match edit::create(services, actor, new).await {
        Ok(_) => Ok(definition.name),
        Err(EditNotDone::Refused(EditError::NameTaken(name)))
            if services.live.find(name.as_str()).is_some_and(|check| is_same(&check, &definition)) =>
        {
            Ok(name)
        }
        Err(why) => Err(why.into()),
    }
}

/// Changes the check that somebody saw in this version; whoever presses twice has changed it (22.11b, 22.11c).
async fn change(
    visit: Visit<'_>,
    actor: &Actor,
    typed: &CheckForm,
    seen: (&str, &str),
) -> Result<Name, NotMade> {
    let found = || find(visit.app, seen);
    let wanted = |check: Arc<Check>| async move {
        let before = check.definition.clone();
        let definition = described(visit, typed, Some(before.clone())).await?.definition;
        Ok::<_, NotMade>(CheckChange { check: check.id, before, definition, how: SpecChange::Judged })
    };
    let why = match edit::change(&visit.app.services, actor, found, wanted).await {
        Ok(changed) => return Ok(changed.definition.name),
        Err(why) => why,
    };
    if let (NotMade::Another, Some(check)) = (&why, visit.app.services.live.find(seen.0)) {
        let wanted = described(visit, typed, Some(check.definition.clone())).await?.definition;
        if is_same(&check, &wanted) {
            return Ok(wanted.name);
        }
    }
    Err(why)
}

/// What is gone already is deleted.
async fn delete(visit: Visit<'_>, actor: &Actor, seen: (&str, &str)) -> Result<(), NotMade> {
    match edit::delete(&visit.app.services, actor, || find(visit.app, seen)).await {
        Ok(_) | Err(NotMade::Gone) => Ok(()),
        Err(why) => Err(why),
    }
}

/// The check of this name, if it is still of this version.
fn find(app: &App, (name, seen): (&str, &str)) -> Result<Arc<Check>, NotMade> {
    let check = app.services.live.find(name).ok_or(NotMade::Gone)?;
    // What a file declares says so by itself.
    let is_of_file = EditError::unless_of_api(&check.definition.source).is_err();
    if is_of_file || version::declared(&check) == seen { Ok(check) } else { Err(NotMade::Another) }
}

/// The check that somebody typed, judged; `before` is what it is now.
async fn described(
    visit: Visit<'_>,
    typed: &CheckForm,
    before: Option<Arc<Definition>>,
) -> Result<Described, NotMade> {
    let description = Value::Object(typed.description().map_err(NotMade::Faults)?).to_string();
    let app = visit.app.clone();
    let judge = move || describe(&app.services, description.as_bytes(), before.as_deref());
    let judged = visit.app.services.aside(visit.room_or(Room::Pages), judge).await;
    let judged = judged.map_err(|bug| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, bug.to_string()))?;
    judged.map_err(|error| match error {
        DescribedError::NotJson(why) => NotMade::Faults(vec![FieldProblem::of(REST, why)]),
        DescribedError::Faults { list, .. } => NotMade::Faults(typed.place(list)),
    })
}

fn is_same(check: &Check, definition: &Definition) -> bool {
    EditError::unless_of_api(&check.definition.source).is_ok()
        && words_of(&check.definition) == words_of(definition)
}
