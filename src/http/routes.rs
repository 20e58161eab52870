//! Every path there is: one table, by which requests are sent to their handlers, and which tests walk.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request};
use matchit::{Params, Router};
use serde_json::Value;

use super::api::{self, Asked, HistoryKind, Operation};
use super::caller::Caller;
use super::limits::Limits;
pub use super::needs::Needs;
use super::openapi::{self, OpenApiRow};
use super::pages::{Asset, Page};
use super::people::{self, FormOf, PageOrForm};
use super::person::KnownPerson;
use super::reply::{self, Reply};
use super::site::{self, Arrival, Deed};
use super::visit::Visit;
use super::{App, body, compat, door, exposition, operate, pages, ping, problem, proxy};
use crate::app::Actor;
use crate::app::messages::MessageDeed;
use crate::compat::{DOORS, Door};
use crate::core::check::Alias;
use crate::store::Stance;

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handler {
    Ping,
    Preflight,
    Metrics,
    Healthy,
    Ready,
    Reload,
    Page(Page),
    Runbooks,
    Asset(Asset),
    Form(FormOf),
    Api(Operation),
    Compat(&'static str),
    Trigger,
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Route {
    /// Which paths: `{name}` stands for one part, `{*rest}` for all that follows, and nothing is a part of its own.
    pub template: Cow<'static, str>,
    /// Which methods; the other methods of its paths have rows of their own.
    pub methods: &'static [Method],
    /// Who may.
    pub needs: Needs,
    pub(super) handler: Handler,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];
const WRITE: &[Method] = &[Method::POST, Method::PUT];
const POST: &[Method] = &[Method::POST];
const DELETE: &[Method] = &[Method::DELETE];
const OPTIONS: &[Method] = &[Method::OPTIONS];
const PING: &[Method] = &[Method::GET, Method::HEAD, Method::POST, Method::PUT];

/// All paths.
pub static ROUTES: LazyLock<Vec<Route>> =
    LazyLock::new(|| DOORS.iter().map(|door| of_door(*door)).chain(OWN.iter().map(of_row)).collect());

fn of_door(door: &dyn Door) -> Route {
    let (template, system) = (format!("{}{{*rest}}", door.prefix()), door.name());
    let (needs, handler) = (Needs::Compat(system), Handler::Compat(system));
    Route { template: template.into(), methods: PING, needs, handler }
}

type Row = (&'static str, &'static [Method], Needs, Handler);

/// The paths of our own.
#[rustfmt::skip]
const OWN: &[Row] = {
    use Handler::{Api, Form};
    use Operation as To;
    &[
        ("/ping/{*rest}", PING, Needs::PingKey, Handler::Ping),
        ("/metrics", READ, Needs::Metrics, Handler::Metrics),
        ("/-/healthy", READ, Needs::Nothing, Handler::Healthy),
        ("/-/ready", READ, Needs::Nothing, Handler::Ready),
        ("/-/reload", WRITE, Needs::Lifecycle, Handler::Reload),
        ("/", READ, Needs::Page, Handler::Page(Page::Checks)),
        ("/checks/{*name}", READ, Needs::Page, Handler::Page(Page::Check)),
        ("/checks/{*name}", POST, Needs::Form, Form(FormOf::Act)),
        ("/new", READ, Needs::Page, Handler::Page(Page::New)),
        ("/new", POST, Needs::Form, Form(FormOf::New)),
        ("/edit/{*name}", READ, Needs::Page, Handler::Page(Page::Edit)),
        ("/edit/{*name}", POST, Needs::Form, Form(FormOf::Edit)),
        ("/incidents", READ, Needs::Page, Handler::Page(Page::Incidents)),
        ("/incidents", POST, Needs::Form, Form(FormOf::Pick)),
        ("/incidents/{id}", READ, Needs::Page, Handler::Page(Page::Incident)),
        ("/incidents/{id}", POST, Needs::Form, Form(FormOf::Pick)),
        ("/ack/{token}", READ, Needs::Nothing, Handler::Page(Page::Ack)),
        ("/ack/{token}", POST, Needs::Form, Form(FormOf::Ack)),
        ("/audit", READ, Needs::Page, Handler::Page(Page::Audit)),
        ("/uptime", READ, Needs::Page, Handler::Page(Page::Uptime)),
        ("/sign-in", READ, Needs::Nothing, Handler::Page(Page::SignIn)),
        ("/sign-in", POST, Needs::Form, Form(FormOf::SignIn)),
        ("/sign-out", POST, Needs::Form, Form(FormOf::SignOut)),
        ("/{alias}", PING, Needs::AliasId, Handler::Trigger),
        ("/runbook", READ, Needs::Nothing, Handler::Runbooks),
        ("/style.css", READ, Needs::Nothing, Handler::Asset(Asset::Style)),
        ("/script.js", READ, Needs::Nothing, Handler::Asset(Asset::Script)),
        ("/api/v1/incidents", READ, Needs::Read, Api(To::Incidents)),
        ("/api/v1/mutes", READ, Needs::Read, Api(To::Mutes)),
        ("/api/v1/status", READ, Needs::Read, Api(To::Status)),
        ("/api/v1/checks", READ, Needs::Read, Api(To::List)),
        ("/api/v1/checks", POST, Needs::Write, Api(To::Create)),
        ("/api/v1/checks/{name}", READ, Needs::Read, Api(To::Show)),
        ("/api/v1/checks/{name}", &[Method::PUT], Needs::Write, Api(To::Replace)),
        ("/api/v1/checks/{name}", &[Method::PATCH], Needs::Write, Api(To::Amend)),
        ("/api/v1/checks/{name}", DELETE, Needs::Write, Api(To::Delete)),
        ("/api/v1/checks/{name}/pause", POST, Needs::Operate, Api(To::Pause)),
        ("/api/v1/checks/{name}/unpause", POST, Needs::Operate, Api(To::Unpause)),
        ("/api/v1/checks/{name}/ping", POST, Needs::Ping, Api(To::Ping)),
        ("/api/v1/checks/{name}/report", POST, Needs::Ping, Api(To::Report)),
        ("/api/v1/checks/{name}/records", READ, Needs::Read, Api(To::Records)),
        ("/api/v1/checks/{name}/records", POST, Needs::Ping, Api(To::BeginRecord)),
        ("/api/v1/checks/{name}/records/{key}", READ, Needs::Read, Api(To::OneRecord)),
        ("/api/v1/checks/{name}/records/{key}", DELETE, Needs::Ping, Api(To::EndRecord)),
        ("/api/v1/checks/{name}/marks", READ, Needs::Read, Api(To::Marks)),
        ("/api/v1/checks/{name}/marks/{key}", READ, Needs::Read, Api(To::OneMark)),
        ("/api/v1/checks/{name}/marks/{key}", &[Method::PUT], Needs::Operate, Api(To::PutMark)),
        ("/api/v1/checks/{name}/marks/{key}", DELETE, Needs::Operate, Api(To::DeleteMark)),
        ("/api/v1/due", READ, Needs::Due, Api(To::Due)),
        ("/api/v1/checks/{name}/pings", READ, Needs::Read, Api(To::History(HistoryKind::Pings))),
        ("/api/v1/checks/{name}/pings/{id}/body", READ, Needs::Read, Api(To::Body)),
        ("/api/v1/checks/{name}/runs", READ, Needs::Read, Api(To::History(HistoryKind::Runs))),
        ("/api/v1/checks/{name}/flips", READ, Needs::Read, Api(To::History(HistoryKind::Flips))),
        ("/api/v1/checks/{name}/judgements", READ, Needs::Read, Api(To::History(HistoryKind::Judgements))),
        ("/api/v1/checks/{name}/incidents", READ, Needs::Read, Api(To::History(HistoryKind::Incidents))),
        ("/api/v1/checks/{name}/uptime", READ, Needs::Read, Api(To::Uptime)),
        ("/api/v1/uptime", READ, Needs::Read, Api(To::UptimeOfAll)),
        ("/api/v1/messages", READ, Needs::Read, Api(To::Messages)),
        ("/api/v1/messages/retry", POST, Needs::Operate, Api(To::RetryMessages)),
        ("/api/v1/messages/{id}/retry", POST, Needs::Operate, Api(To::ActOnMessage(MessageDeed::Retry))),
        ("/api/v1/messages/{id}/drop", POST, Needs::Operate, Api(To::ActOnMessage(MessageDeed::Drop))),
        ("/api/v1/audit", READ, Needs::Read, Api(To::Audit)),
        ("/api/v1/mutes", POST, Needs::Operate, Api(To::Mute)),
        ("/api/v1/mutes/{id}", READ, Needs::Read, Api(To::OneMute)),
        ("/api/v1/mutes/{id}", DELETE, Needs::Operate, Api(To::Unmute)),
        ("/api/v1/incidents/acknowledge", POST, Needs::Operate, Api(To::StandMany(Stance::Acknowledge))),
        ("/api/v1/incidents/wont-fix", POST, Needs::Operate, Api(To::StandMany(Stance::WontFix))),
        ("/api/v1/incidents/reopen", POST, Needs::Operate, Api(To::StandMany(Stance::Reopen))),
        ("/api/v1/incidents/comment", POST, Needs::Operate, Api(To::StandMany(Stance::Comment))),
        ("/api/v1/incidents/{id}/comment", POST, Needs::Operate, Api(To::Stand(Stance::Comment))),
        ("/api/v1/incidents/{id}/acknowledge", POST, Needs::Operate, Api(To::Stand(Stance::Acknowledge))),
        ("/api/v1/incidents/{id}/wont-fix", POST, Needs::Operate, Api(To::Stand(Stance::WontFix))),
        ("/api/v1/incidents/{id}/reopen", POST, Needs::Operate, Api(To::Stand(Stance::Reopen))),
        ("/api/v1/incidents/{id}/diagnosis", POST, Needs::Ping, Api(To::Diagnose)),
        ("/api/v1/incidents/{id}/solutions/{number}", &[Method::PATCH], Needs::Ping, Api(To::EndSolution)),
        ("/api/v1/reload", POST, Needs::Write, Api(To::Reload)),
        ("/api/v1/incidents/{id}", READ, Needs::Read, Api(To::Incident)),
        ("/config", READ, Needs::Page, Handler::Page(Page::Config)),
        ("/config", POST, Needs::Form, Form(FormOf::Config)),
        ("/api/v1/config", READ, Needs::Read, Api(To::Config)),
        ("/api/v1/config-schema.json", READ, Needs::Nothing, Api(To::ConfigSchema)),
        ("/api/v1/check-config", POST, Needs::Read, Api(To::CheckConfig)),
        ("/api/v1/receivers", READ, Needs::Read, Api(To::Receivers)),
        ("/api/v1/receivers/{name}/test", POST, Needs::Operate, Api(To::TestReceiver)),
        ("/api/v1/flips", READ, Needs::Read, Api(To::Flips)),
        ("/api/v1/unknown-names", READ, Needs::Read, Api(To::UnknownNames)),
        ("/api/v1/unknown-names", DELETE, Needs::Operate, Api(To::ForgetUnknownNames)),
        ("/api/v1/unknown-names/{name}", DELETE, Needs::Operate, Api(To::ForgetUnknownName)),
        ("/api/v1/openapi.json", READ, Needs::Nothing, Api(To::Document)),
        ("/ping/{*rest}", OPTIONS, Needs::Nothing, Handler::Preflight),
    ]
};

fn of_row(&(template, methods, needs, handler): &Row) -> Route {
    Route { template: template.into(), methods, needs, handler }
}

/// The OpenAPI document of the API: every row of it.
pub static OPEN_API: LazyLock<Value> = LazyLock::new(|| {
    let operations = ROUTES.iter().filter_map(|route| match route.handler {
        Handler::Api(operation) => Some((route, operation)),
        _ => None,
    });
    openapi::document(operations.map(|(route, operation)| OpenApiRow {
        template: route.template.strip_prefix(openapi::ROOT).expect("the API is below its root"),
        method: &route.methods[0],
        needs: route.needs,
        contract: operation.contract(),
    }))
});

/// The rows of each template.
static BY_PATH: LazyLock<Router<Vec<&'static Route>>> = LazyLock::new(|| {
    let mut rows: BTreeMap<&str, Vec<&'static Route>> = BTreeMap::new();
    for route in ROUTES.iter() {
        rows.entry(&route.template).or_default().push(route);
    }
    let mut router = Router::new();
    for (template, rows) in rows {
        // What follows may be nothing.
        if let Some((prefix, _)) = template.split_once("{*") {
            router.insert(prefix, rows.clone()).expect("templates do not contradict each other");
        }
        router.insert(template, rows).expect("templates do not contradict each other");
    }
    router
});

/// The row for a request, and the parts of the path that its template names; or which methods the path takes, none if there
/// is no such path.
fn find<'p>(path: &'p str, method: &Method) -> Result<(&'static Route, Params<'static, 'p>), Vec<Method>> {
    let Ok(found) = BY_PATH.at(path) else { return Err(Vec::new()) };
    let is_there = found.params.get("alias").is_none_or(Alias::is_id);
    let rows = if is_there { found.value.as_slice() } else { &[] };
    match rows.iter().find(|route| route.methods.contains(method)) {
        Some(route) => Ok((route, found.params)),
        None => Err(rows.iter().flat_map(|route| route.methods).cloned().collect()),
    }
}

impl Route {
    /// What a request at it does; `rest` follows its pattern. Other systems write by GET as well.
    fn deed(&self, rest: &str) -> Deed {
        match self.needs {
            // It changes nothing, but it takes a while: no page of another site has a browser ask for it.
            Needs::Read if self.methods == POST => Deed::Changes,
            Needs::Nothing | Needs::Read | Needs::Due | Needs::Page | Needs::Metrics | Needs::PingKey => {
                Deed::Open
            }
            Needs::Form => Deed::Form,
            Needs::AliasId => Deed::Triggers,
            Needs::Compat(system) => compat::deed(system, rest),
            Needs::Lifecycle | Needs::Ping | Needs::Operate | Needs::Write => Deed::Changes,
        }
    }

    /// Whether it is answered under whatever name. Pages of any site may ping (23.7) and read the answer, so that nothing is
    /// gained by refusing a job whose proxy keeps its own name.
    fn takes_any_host(&self) -> bool {
        matches!(self.needs, Needs::PingKey | Needs::AliasId) || self.handler == Handler::Preflight
    }

    /// Whether it may be a ping, or is what a browser asks before one (23.7a): no limit of requests refuses it (23.9e).
    fn may_ping(&self) -> bool {
        self.takes_any_host() || matches!(self.needs, Needs::Ping | Needs::Compat(_))
    }

    /// Whether its path may hold a key, or what is as good as one.
    fn has_secret(&self) -> bool {
        let is_a_link = matches!(self.handler, Handler::Page(Page::Ack) | Handler::Form(FormOf::Ack));
        is_a_link || self.takes_any_host() || matches!(self.needs, Needs::Compat(_))
    }
}

/// Whether a request may be answered at all, whoever sends it.
fn admit(app: &App, route: &Route, rest: &str, arrival: Arrival, parts: &Parts) -> Result<(), Box<Reply>> {
    // At the socket pings are no exception: they need no key there, and no job's proxy is in between.
    if arrival.user.is_some() || (arrival.on_loopback && !route.takes_any_host()) {
        site::check_host(app, arrival, parts)?;
    }
    site::check_origin(app, parts, route.deed(rest))
}

/// Answers a request, within the budget of what is not written yet.
pub(super) async fn answer(
    app: &Arc<App>,
    limits: &Limits,
    arrival: Arrival,
    mut request: Request<Incoming>,
) -> Reply {
    let rooms = app.rooms(arrival.user.is_some());
    let taken_off = take_prefix_off(app, arrival, &mut request);
    let is_program = request.uri().path().starts_with("/api/");
    let reply = match taken_off {
        Ok(()) => answer_whole(app, limits, arrival, request).await,
        Err(refusal) => *refusal,
    };
    let reply = reply::within(&rooms.unwritten, arrival.source, reply);
    let mut reply = if is_program { problem::of_text(reply) } else { reply };
    if arrival.user.is_none() {
        app.with_access(|access| access.add_headers(reply.headers_mut()));
    }
    reply
}

/// From here on a request is as if there were no prefix.
fn take_prefix_off(app: &App, arrival: Arrival, request: &mut Request<Incoming>) -> Result<(), Box<Reply>> {
    if arrival.user.is_none() && !app.route_prefix.as_str().is_empty() {
        let taken = app.route_prefix.take_off(request.method(), request.uri())?;
        *request.uri_mut() = taken;
    }
    Ok(())
}

async fn answer_whole(
    app: &Arc<App>,
    limits: &Limits,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Reply {
    let (parts, body) = request.into_parts();
    let arrival = app.with_access(|access| proxy::seen(access.proxy.as_ref(), arrival, &parts));
    let (path, source) = (parts.uri.path(), arrival.source);
    if let Err(refusal) = site::check_meaning(&parts) {
        return *refusal;
    }
    let (route, rest, captured) = match find(path, &parts.method) {
        Ok((route, captured)) => (route, captured.get("rest").unwrap_or_default(), captured),
        Err(methods) => return reply::unanswered(&methods),
    };
    if !route.has_secret() {
        tracing::debug!(method = %parts.method, path, %source, "request");
    }
    let (caller, person) = match let_in(app, (route, rest), arrival, &parts).await {
        Ok(known) => known,
        Err(refusal) => {
            // A connection with something unread could not be used again; a body that does not come changes nothing.
            let _ = Box::pin(body::read(body, body::Keep::NOTHING, limits)).await;
            return *refusal;
        }
    };
    let visit =
        Visit { app, limits, source, is_secure: arrival.is_secure, user: arrival.user, parts: &parts };
    match route.handler {
        Handler::Ping => ping::answer(visit, rest, body).await,
        // In boxes: what is kept for a request is moved at every ping, and should be small.
        Handler::Api(Operation::Document) => Box::pin(openapi::show(visit, &OPEN_API)).await,
        Handler::Api(action) => {
            let asked = Asked { visit, caller, parts: captured };
            Box::pin(api::answer(asked, action, body)).await
        }
        Handler::Page(page) => {
            let of = captured.iter().next().map(|(_, of)| of);
            Box::pin(people::answer((visit, arrival), person.as_ref(), PageOrForm::Page(page), of)).await
        }
        Handler::Form(form) => {
            let of = captured.iter().next().map(|(_, of)| of);
            Box::pin(people::answer((visit, arrival), person.as_ref(), PageOrForm::Form(form, body), of))
                .await
        }
        Handler::Compat(system) => Box::pin(compat::answer_path(visit, system, rest, body)).await,
        Handler::Trigger => {
            let id = captured.get("alias").unwrap_or_default();
            let answered = Box::pin(compat::answer_id(visit, id, body)).await;
            answered.unwrap_or_else(|| reply::unanswered(&[]))
        }
        Handler::Reload => {
            Box::pin(operate::reload(app, &Actor { said: None, door: caller.entrance(source) })).await
        }
        Handler::Metrics => exposition::answer(visit),
        Handler::Healthy => operate::healthy(app),
        Handler::Ready => operate::ready(),
        Handler::Preflight => reply::to_preflight(),
        Handler::Runbooks => reply::compressed(pages::runbooks(), exposition::takes_gzip(&parts)),
        Handler::Asset(asset) => reply::compressed(asset.answer(), exposition::takes_gzip(&parts)),
    }
}

/// Lets in who may, and says who it is: also who is known by a proxy's word or by a password, which pages go by.
async fn let_in(
    app: &App,
    (route, rest): (&Route, &str),
    arrival: Arrival,
    parts: &Parts,
) -> Result<(Caller, Option<KnownPerson>), Box<Reply>> {
    admit(app, route, rest, arrival, parts)?;
    let (needs, is_of_network) = (route.needs, arrival.user.is_none());
    if is_of_network && !route.may_ping() {
        door::admit_one_more(app)?;
    }
    // A ping's key may stand in its path: its handler asks.
    if needs != Needs::PingKey {
        door::wait(app, arrival, parts).await?;
    }
    // In a box: what is kept for a request is moved at every ping, and should be small.
    let person = match is_of_network && needs.knows_people() {
        true => Box::pin(door::recognize(app, needs, arrival, parts)).await?,
        false => None,
    };
    Ok((door::pass(app, needs, arrival, parts, person.as_ref())?, person))
}

#[cfg(test)]
mod tests;
