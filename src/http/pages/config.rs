//! The page of what is in force: all checks as they were declared and whom they tell, receivers, responders, mutes.

use std::sync::Arc;

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::act::RefusedForm;
use super::super::reply::Reply;
use super::super::viewer::Viewer;
use super::super::{App, decode};
use super::{Frame, page, page_links, refused, said, unknown_names, words};
use crate::app::receivers::{self, ReceiverView};
use crate::app::view::Moment;
use crate::app::{Audience, SampleOutcome, mutes};
use crate::config::{Reach, Scope, reach};
use crate::core::check::{Definition, Source};
use crate::core::refs::Refs;
use crate::core::route::{Matcher, Policy, is_own_receiver};
use crate::core::search::Search;
use crate::core::text::shown;
use crate::core::time::{Span, Time};
use crate::store::live::Check;

/// So many checks are on a page.
const ROWS: usize = 300;
/// The longest search, in characters.
const MAX_SEARCH: usize = 1000;

/// By what the checks are sorted, and what that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Name,
    Group,
    Schedule,
    Place,
}

impl Order {
    const ALL: [Order; 4] = [Order::Name, Order::Group, Order::Schedule, Order::Place];

    fn word(self) -> &'static str {
        match self {
            Order::Name => "name",
            Order::Group => "group",
            Order::Schedule => "schedule",
            Order::Place => "place",
        }
    }

    /// In the order of their names where this is equal: that is how the checks come.
    fn sort(self, checks: &mut [Arc<Check>]) {
        match self {
            Order::Name => {}
            Order::Group => checks.sort_by(|one, two| one.definition.group.cmp(&two.definition.group)),
            Order::Schedule => checks.sort_by_cached_key(|check| check.definition.spec.schedule.to_string()),
            Order::Place => checks.sort_by(|one, two| place(&one.definition).cmp(&place(&two.definition))),
        }
    }
}

fn place(definition: &Definition) -> Option<(&str, u32)> {
    match &definition.source {
        Source::File { path, line } => Some((&**path, line.get())),
        Source::Api => None,
    }
}

/// What is asked for.
struct Asked {
    text: String,
    search: Search,
    order: Order,
    /// Counted from 1.
    page: usize,
    /// What is wrong with it.
    fault: Option<String>,
}

impl Asked {
    fn read(query: Option<&str>) -> Asked {
        let [text, order, page] = decode::query_values(query, ["q", "sort", "page"]);
        let text = shown(text.unwrap_or_default().trim(), MAX_SEARCH);
        let (search, fault) = match Search::parse(&text) {
            Ok(search) => (search, None),
            Err(error) => (Search::default(), Some(error.to_string())),
        };
        let order = Order::ALL.into_iter().find(|known| order.as_deref() == Some(known.word()));
        let page = page.and_then(|page| page.parse().ok()).filter(|page| *page > 0);
        Asked { text, search, order: order.unwrap_or(Order::Name), page: page.unwrap_or(1), fault }
    }

    /// The address of the same search in this order, or on this page.
    fn address(&self, order: Order, page: usize) -> String {
        let text = (!self.text.is_empty()).then(|| format!("q={}", decode::encoded(&self.text)));
        let order = (order != Order::Name).then(|| format!("sort={}", order.word()));
        let page = (page > 1).then(|| format!("page={page}"));
        let query: Vec<String> = [text, order, page].into_iter().flatten().collect();
        if query.is_empty() { "config".to_owned() } else { format!("config?{}", query.join("&")) }
    }
}

/// What came of a form of the page.
pub(in super::super) enum SaidOfConfig {
    Nothing,
    Refused(RefusedForm),
    Sent { receiver: String, sent: SampleOutcome },
}

/// Answers `/config`.
pub(in super::super) fn answer(
    app: &App,
    query: Option<&str>,
    (viewer, said): (&Viewer, &SaidOfConfig),
) -> Reply {
    let asked = Asked::read(query);
    let audience = app.services.in_force.audience();
    let moment = Moment::of(&app.services);
    let directory = app.services.live.directory();
    let is_found = |check: &&Arc<Check>| {
        asked.search.is_empty() || asked.search.finds(&check.definition, &moment.look(check).view)
    };
    let mut found: Vec<Arc<Check>> = match &asked.fault {
        None => directory.checks.iter().filter(is_found).cloned().collect(),
        Some(_) => Vec::new(),
    };
    asked.order.sort(&mut found);
    let pages = found.len().div_ceil(ROWS).max(1);
    let number = asked.page.min(pages);
    let on_page: Vec<&Arc<Check>> = found.iter().skip((number - 1) * ROWS).take(ROWS).collect();
    let content = html! {
        h1 { "What is in force" }
        (done(said))
        @if let Some(fault) = &asked.fault { div.banner.bad role="alert" { (fault) } }
        form role="search" {
            input type="search" name="q" value=(asked.text) maxlength=(MAX_SEARCH) placeholder="backup group=db team!=web"
                aria-label="Search checks: words in name, title, group and labels, or matchers as group=db, team=~\"a|b\"";
            @if asked.order != Order::Name { input type="hidden" name="sort" value=(asked.order.word()); }
            button { "Search" }
        }
        section aria-label="Checks" {
            h2 { "Checks " span.quiet { "(" (found.len()) @if found.len() != directory.checks.len() { " of " (directory.checks.len()) } ")" } }
            @if on_page.is_empty() { p.quiet { "No check." } }
            @else { (checks(&on_page, &asked, &audience, &directory.refs())) }
            (page_links("Pages of the checks", number, pages, |page| asked.address(asked.order, page)))
        }
        (unknown_names::section(app, viewer, moment.now))
        (receivers_of(app, viewer, moment.now))
        (responders(&audience.policy))
        (lasting_mutes(app, moment.now))
    };
    let title = "What is in force – punctual";
    let frame = Frame { title, up: "", worst: None, lives: false, viewer: Some(viewer) };
    let status = match said {
        SaidOfConfig::Refused(refused) => refused.problem.status(),
        SaidOfConfig::Nothing | SaidOfConfig::Sent { .. } => StatusCode::OK,
    };
    page(status, &frame, &content)
}

fn done(said: &SaidOfConfig) -> Markup {
    html! {
        @match said {
            SaidOfConfig::Nothing => {},
            SaidOfConfig::Refused(refused) => (refused::why_not(refused)),
            SaidOfConfig::Sent { receiver, sent } => {
                div.banner.say[sent.taken].bad[!sent.taken] role=(if sent.taken { "status" } else { "alert" }) {
                    strong { "A sample to " bdi { (receiver) } @if sent.taken { " was taken." } @else { " was not taken." } }
                    p.lines { (sent.text) }
                }
            }
        }
    }
}

fn checks(rows: &[&Arc<Check>], asked: &Asked, audience: &Audience, refs: &Refs) -> Markup {
    let column = |order: Order, title: &str| {
        let sorted = (asked.order == order).then_some("ascending");
        html! { th scope="col" aria-sort=[sorted] { a href=(asked.address(order, 1)) { (title) } } }
    };
    html! {
        table {
            thead { tr {
                (column(Order::Name, "Check")) th scope="col" { "Ref" } (column(Order::Schedule, "Expected"))
                (column(Order::Group, "Group and labels")) th scope="col" { "Tells" } (column(Order::Place, "Declared"))
            } }
            tbody { @for check in rows { (row(&check.definition, audience, refs)) } }
        }
    }
}

fn row(definition: &Definition, audience: &Audience, refs: &Refs) -> Markup {
    let name = definition.name.as_str();
    html! {
        tr {
            td {
                a.name href={ "checks/" (name) } { bdi { (definition.title) } }
                @if *definition.title != *name { " " code.quiet { (name) } }
            }
            td data-label="Ref" { @if let Some(reference) = refs.get(definition) { code { (reference) } } }
            td data-label="Expected" {
                (definition.spec.schedule)
                @if definition.spec.grace > Span::ZERO { span.quiet { " + " (definition.spec.grace) } }
            }
            td { (words::labels(definition, "./")) }
            td data-label="Tells" { (told(definition, audience)) }
            td data-label="Declared" { code { (definition.source) } }
        }
    }
}

/// The addresses that a check mails itself are not shown: pages may be open to all.
fn told(definition: &Definition, audience: &Audience) -> Markup {
    let Reach { told, nobody, .. } = reach(&audience.policy, definition);
    let mut names: Vec<&str> = Vec::new();
    for told in &told {
        let name = if is_own_receiver(&told.receiver) { "its own mailboxes" } else { &*told.receiver };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    html! {
        @for (i, name) in names.iter().enumerate() { @if i > 0 { ", " } bdi { (name) } }
        @if nobody && !audience.has_alertmanager { span.label { "nobody" } }
        @else if nobody { span.quiet { "Alertmanager alone" } }
    }
}

fn receivers_of(app: &App, viewer: &Viewer, now: Time) -> Markup {
    let read = receivers::list(&app.services);
    let may_test = viewer.may(Scope::Operate);
    html! {
        section aria-label="Receivers" {
            h2 { "Receivers" }
            @match read {
                Err(error) => div.banner.bad role="alert" { "What came of messages cannot be read: " (error) },
                Ok(list) if list.is_empty() => p.quiet { "None: nobody is told by punctual itself." },
                Ok(list) if may_test => form method="post" action="config" {
                    input type="hidden" name="form" value=(viewer.form());
                    (said::who(viewer))
                    (receivers_table(&list, true, now))
                },
                Ok(list) => (receivers_table(&list, false, now)),
            }
        }
    }
}

fn receivers_table(list: &[ReceiverView], may_test: bool, now: Time) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Receiver" } th scope="col" { "Kind" } th scope="col" { "Its last message" } th scope="col" { "Its answer" }
                @if may_test { th scope="col" { "Try it" } }
            } }
            tbody { @for receiver in list { (receiver_row(receiver, may_test, now)) } }
        }
    }
}

fn receiver_row(receiver: &ReceiverView, may_test: bool, now: Time) -> Markup {
    let last = receiver.last.as_ref();
    html! {
        tr {
            td { bdi { (receiver.name) } }
            td data-label="Kind" { (receiver.kind) }
            td data-label="Its last message" {
                @match last {
                    Some(last) => { (last.state.replace('_', " ")) ", " (words::when(last.settled_at.unwrap_or(last.created_at), now)) },
                    None => span.quiet { "none lately" },
                }
            }
            td data-label="Its answer" { @if let Some(answer) = last.and_then(|last| last.answer.as_deref()) { bdi { (answer) } } }
            @if may_test {
                td data-label="Try it" {
                    button type="submit" name="test" value=(receiver.name) aria-label={ "Send a sample to " (receiver.name) } { "Send a sample" }
                }
            }
        }
    }
}

fn responders(policy: &Policy) -> Markup {
    let matchers =
        |matchers: &[Matcher]| matchers.iter().map(Matcher::to_string).collect::<Vec<_>>().join(", ");
    html! {
        section aria-label="Responders" {
            h2 { "Responders" }
            @if !policy.responders.is_empty() {
                table {
                    thead { tr { th scope="col" { "Number" } th scope="col" { "Matches" } th scope="col" { "Tells" } } }
                    tbody {
                        @for (i, responder) in policy.responders.iter().enumerate() {
                            tr {
                                td data-label="Number" { (i + 1) }
                                td data-label="Matches" {
                                    @if responder.matchers.is_empty() { span.quiet { "everything" } }
                                    @else { code { (matchers(&responder.matchers)) } }
                                }
                                td data-label="Tells" {
                                    @for action in &responder.actions {
                                        div {
                                            bdi { (action.receiver) }
                                            @if action.after > Span::ZERO { " after " (action.after) }
                                            @if let Some(interval) = action.repeat_interval { ", again every " (interval) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            p.quiet {
                "What no responder matches "
                @if policy.default_receivers.is_empty() { "tells nobody." }
                @else {
                    "tells " @for (i, name) in policy.default_receivers.iter().enumerate() { @if i > 0 { ", " } bdi { (name) } } "."
                }
                @if !policy.administrators.is_empty() {
                    " Where diagnoses need people: "
                    @for (i, name) in policy.administrators.iter().enumerate() { @if i > 0 { ", " } bdi { (name) } } "."
                }
            }
        }
    }
}

fn lasting_mutes(app: &App, now: Time) -> Markup {
    let mutes = mutes::list(&app.services);
    html! {
        @if !mutes.is_empty() {
            section aria-label="Mutes" {
                h2 { "Mutes" }
                table {
                    thead { tr {
                        th scope="col" { "Number" } th scope="col" { "Matches" } th scope="col" { "Ends" } th scope="col" { "Why" } th scope="col" { "Who" }
                    } }
                    tbody {
                        @for mute in &mutes {
                            tr {
                                td data-label="Number" { (mute.id) }
                                td data-label="Matches" { code { (mute.text) } }
                                td.time data-label="Ends" { (words::when(mute.until, now)) }
                                td data-label="Why" { bdi { (mute.comment) } }
                                td data-label="Who" { bdi { (mute.by) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
