//! What people do by the forms of the page of what is in force: samples to receivers, and names that are forgotten.

use hyper::body::Incoming;

use super::act::{RefusedForm, actor, invalid, may_not};
use super::form::{self, Form};
use super::pages::SaidOfConfig;
use super::problem::Problem;
use super::reply::Reply;
use super::viewer::Viewer;
use super::visit::Visit;
use super::{App, pages, sign_in};
use crate::app::{receivers, unknown_names};
use crate::config::Scope;

/// Answers `POST /config`: does it, and shows the page again.
pub(super) async fn answer(visit: Visit<'_>, viewer: Viewer, body: Incoming) -> Reply {
    let form = match form::read(visit, body).await {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let done = match viewer.made(form.get("form")) {
        true => act(visit, &viewer, &form).await,
        false => Err(form::of_another_session()),
    };
    let said = match done {
        // Asked for anew, so that loading it again does nothing again.
        Ok(SaidOfConfig::Nothing) => return sign_in::moved("./config", None),
        Ok(said) => said,
        Err(problem) => SaidOfConfig::Refused(RefusedForm { problem, comment: String::new() }),
    };
    let sees = viewer.may(Scope::Read);
    let make = move |app: &App| match &said {
        SaidOfConfig::Refused(refused) if !sees => pages::refused("config", &viewer, refused),
        said => pages::config(app, None, (&viewer, said)),
    };
    pages::make(visit, make).await
}

async fn act(visit: Visit<'_>, viewer: &Viewer, form: &Form) -> Result<SaidOfConfig, Problem> {
    if !viewer.may(Scope::Operate) {
        return Err(may_not(viewer, Scope::Operate));
    }
    let actor = actor(visit, viewer, form)?;
    let services = &visit.app.services;
    match (form.get("test"), form.get("forget")) {
        ("", "") => Err(invalid("this form says nothing that can be done")),
        ("", name) => {
            unknown_names::forget(services, &actor, Some(name)).await?;
            Ok(SaidOfConfig::Nothing)
        }
        (receiver, _) => {
            let sent = receivers::test(services, &actor, receiver).await?;
            Ok(SaidOfConfig::Sent { receiver: receiver.to_owned(), sent })
        }
    }
}
