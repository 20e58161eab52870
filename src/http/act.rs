//! What people do by the forms of a check's page (§22).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::body::Incoming;

use super::caller::Caller;
use super::form::{self, Form};
use super::problem::Problem;
use super::reply::Reply;
use super::viewer::Viewer;
use super::visit::Visit;
use super::{App, pages, sign_in};
use crate::app::affirm::{self, Affirmation};
use crate::app::incidents::StanceAsked;
use crate::app::{Actor, incidents, mutes, pausing};
use crate::config::{Scope, parse_duration};
use crate::core::check::{Ping, PingKind, Rid};
use crate::core::time::Time;
use crate::store::Stance;
use crate::store::live::Check;
use crate::store::pausing::Wish;

/// What a button of a check's page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A ping, pressed by somebody (22.2a).
    Affirm(PingKind),
    Stand(Stance),
    Pause,
    Unpause,
    Mute,
    Unmute,
}

impl Act {
    const ALL: [Act; 11] = [
        Act::Affirm(PingKind::Success),
        Act::Affirm(PingKind::Fail),
        Act::Affirm(PingKind::Start),
        Act::Stand(Stance::Acknowledge),
        Act::Stand(Stance::WontFix),
        Act::Stand(Stance::Reopen),
        Act::Stand(Stance::Comment),
        Act::Pause,
        Act::Unpause,
        Act::Mute,
        Act::Unmute,
    ];

    /// As it stands in forms.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Act::Affirm(kind) => kind.as_str(),
            Act::Stand(Stance::Acknowledge) => "acknowledge",
            Act::Stand(Stance::WontFix) => "wont-fix",
            Act::Stand(Stance::Reopen) => "reopen",
            Act::Stand(Stance::Comment) => "comment",
            Act::Pause => "pause",
            Act::Unpause => "unpause",
            Act::Mute => "mute",
            Act::Unmute => "unmute",
        }
    }

    /// Who may (23.1).
    pub(super) fn needs(self) -> Scope {
        match self {
            Act::Affirm(_) => Scope::Ping,
            _ => Scope::Operate,
        }
    }
}

/// Answers `POST /checks/{name}`: does it, and shows the page again.
pub(super) async fn answer(visit: Visit<'_>, viewer: Viewer, name: &str, body: Incoming) -> Reply {
    let form = match form::read(visit, body).await {
        Ok(form) => form,
        Err(refusal) => return *refusal,
    };
    let done = match viewer.made(form.get("form")) {
        true => act(visit, &viewer, name, &form).await,
        false => Err(form::of_another_session()),
    };
    match done {
        // Asked for anew, so that loading it again does nothing again.
        Ok(check) => sign_in::moved(&format!("./{}", check.definition.name), None),
        Err(problem) => {
            let refused = RefusedForm { problem, comment: form.get("comment").trim().to_owned() };
            let name = name.to_owned();
            // Who may not see the page is told no more than why.
            let sees = viewer.may(Scope::Read);
            let make = move |app: &App| match sees {
                true => pages::check(app, &name, None, (&viewer, Some(&refused))),
                false => pages::refused(&format!("checks/{name}"), &viewer, &refused),
            };
            pages::make(visit, make).await
        }
    }
}

/// Why something was not done that somebody asked for by a form.
pub(super) struct RefusedForm {
    pub(super) problem: Problem,
    /// What they had written, so that they need not write it again.
    pub(super) comment: String,
}

fn of_other_checks() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "your token is for other checks")
}

async fn act(visit: Visit<'_>, viewer: &Viewer, name: &str, form: &Form) -> Result<Arc<Check>, Problem> {
    let services = &visit.app.services;
    let wanted = form.get("do");
    let act = Act::ALL.into_iter().find(|act| act.as_str() == wanted);
    let act = act.ok_or_else(|| invalid("this form says nothing that can be done"))?;
    if !viewer.may(act.needs()) {
        return Err(may_not(viewer, act.needs()));
    }
    // Whoever may not see the page is not told which checks there are (23.1d).
    let no_check = || match viewer.may(Scope::Read) {
        true => Problem::new(StatusCode::NOT_FOUND, "there is no check of this name"),
        false => of_other_checks(),
    };
    let check = services.live.find(name).ok_or_else(no_check)?;
    if act.needs() == Scope::Ping && !viewer.may_affirm(&check.definition) {
        return Err(of_other_checks());
    }
    let actor = actor(visit, viewer, form)?;
    let (comment, now) = (form.get("comment").trim(), services.clock.now());
    match act {
        Act::Affirm(kind) => affirm(visit, &actor, &check, (kind, form)).await?,
        Act::Stand(stance) => {
            // How long is said of an acknowledgement alone, though it stands beside the other buttons.
            let is_for_a_time = stance == Stance::Acknowledge;
            let until = if is_for_a_time { end(form.get("for"), now)? } else { None };
            let asked = StanceAsked { stance, until, comment };
            drop(incidents::stand(services, &actor, form.get("incident"), &asked).await?);
        }
        Act::Pause => {
            let wish = Wish::Pause { until: end(form.get("for"), now)? };
            pausing::change(services, &actor, &check, wish, comment).await?;
        }
        Act::Unpause => drop(pausing::change(services, &actor, &check, Wish::Unpause, comment).await?),
        Act::Mute => {
            let until = end(form.get("for"), now)?.ok_or_else(|| invalid("say for how long"))?;
            let what = mutes::Muted::Checks(vec![check.definition.name.to_string()]);
            mutes::mute(services, &actor, what, until, comment).await?;
        }
        Act::Unmute => {
            let id = form.get("mute").parse().map_err(|_| invalid("a mute has a number"))?;
            drop(mutes::unmute(services, &actor, id).await?);
        }
    }
    Ok(check)
}

/// Who does it (22.1c).
pub(super) fn actor(visit: Visit<'_>, viewer: &Viewer, form: &Form) -> Result<Actor, Problem> {
    let said = Some(form.get("who").trim().to_owned()).filter(|who| !who.is_empty());
    if said.is_none() && !viewer.is_known() {
        return Err(invalid("say who you are"));
    }
    Ok(Actor { said, door: viewer.caller.on_page(visit.source) })
}

async fn affirm(
    visit: Visit<'_>,
    actor: &Actor,
    check: &Check,
    (kind, form): (PingKind, &Form),
) -> Result<(), Problem> {
    // Each form has one of its own, so that it counts once however often it is sent (4.1d).
    let rid = Rid::of_form(form.get("rid"))
        .ok_or_else(|| invalid("load the page again: this form is not whole"))?;
    let ping = Ping { kind, rid: Some(rid), exit_status: None };
    let services = &visit.app.services;
    let affirmation = Affirmation { ping, comment: form.get("comment").trim(), source: visit.source };
    affirm::affirm(services, actor, check, affirmation).await?;
    services.counters.outcomes.accepted.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// When something ends that lasts so long; `None`: nothing is said.
pub(super) fn end(lasts: &str, now: Time) -> Result<Option<Time>, Problem> {
    match lasts.trim() {
        "" => Ok(None),
        lasts => match parse_duration(lasts) {
            Ok(lasts) => Ok(Some(now + lasts)),
            Err(error) => Err(invalid(format!("for how long: {error}"))),
        },
    }
}

/// They may not do what needs this scope.
pub(super) fn may_not(viewer: &Viewer, needed: Scope) -> Problem {
    let needs = needed.as_str();
    let why = match (needed, viewer.is_known(), viewer.may_sign_in) {
        _ if matches!(viewer.caller, Caller::Person(..)) => {
            format!("you may not do this: it needs the scope `{needs}`, by `auth.users` or `auth.proxy`")
        }
        (_, true, _) => format!("your token may not do this: it needs one of scope `{needs}`"),
        (_, false, true) => format!("sign in with a token of scope `{needs}`"),
        (Scope::Ping, false, false) => {
            "a ping key is needed, and a page has none: add a token of scope `ping` or \
                                        `operate` under `auth.tokens`"
                .to_owned()
        }
        (_, false, false) => format!(
            "nobody may do this, for there is no token: add one of scope `{needs}` under `auth.tokens` of the \
             configuration, reload, and sign in with it"
        ),
    };
    Problem::new(StatusCode::FORBIDDEN, why)
}

/// What the form says makes no sense.
pub(super) fn invalid(why: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)
}
