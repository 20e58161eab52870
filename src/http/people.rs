//! What people ask for: pages, and what the forms of these do.

use hyper::body::Incoming;

use super::pages::{Page, SaidOfConfig};
use super::person::KnownPerson;
use super::reply::Reply;
use super::site::Arrival;
use super::viewer::Viewer;
use super::visit::Visit;
use super::{App, ack, act, configured, decode, door, edit, pages, password, pick, sign_in};
use crate::config::Scope;

/// What a form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormOf {
    SignIn,
    SignOut,
    Act,
    Pick,
    Ack,
    New,
    Edit,
    Config,
}

/// What somebody asks for.
pub(super) enum PageOrForm {
    Page(Page),
    Form(FormOf, Incoming),
}

/// Answers whoever looks at a page or sends a form; `of` is the name or the number of whatever the page is of.
pub(super) async fn answer(
    (visit, arrival): (Visit<'_>, Arrival),
    person: Option<&KnownPerson>,
    sought: PageOrForm,
    of: Option<&str>,
) -> Reply {
    let viewer = match Viewer::of(visit.app, arrival, visit.parts, person) {
        Ok(viewer) => viewer,
        Err(problem) => return problem.reply(),
    };
    let reply = match sought {
        PageOrForm::Page(page) => answer_page(visit, viewer, page, of.unwrap_or_default()).await,
        PageOrForm::Form(form, body) => answer_form((visit, viewer), form, of, body).await,
    };
    password::with_browser(visit, person, reply)
}

/// Answers with a page; `of` is the name or the number of whatever it is of.
async fn answer_page(visit: Visit<'_>, viewer: Viewer, page: Page, of: &str) -> Reply {
    let parts = visit.parts;
    let is_open = matches!(page, Page::SignIn | Page::Ack);
    let is_to_write = matches!(page, Page::New | Page::Edit);
    // Whoever is known is told why, and whoever is not can be.
    let may_become_known = !viewer.is_known() && viewer.may_sign_in && !viewer.may(Scope::Write);
    if (!is_open && !viewer.may(Scope::Read)) || (is_to_write && may_become_known) {
        return door::to_sign_in(visit.app, &viewer, parts);
    }
    let (of, query) = (of.to_owned(), parts.uri.query().map(str::to_owned));
    if page == Page::Checks {
        return pages::checks(visit, viewer).await;
    }
    let make = move |app: &App| match page {
        Page::Checks | Page::Check => pages::check(app, &of, query.as_deref(), (&viewer, None)),
        Page::New => pages::edit(app, None, None, (&viewer, None)),
        Page::Edit => pages::edit(app, Some(&of), query.as_deref(), (&viewer, None)),
        Page::Incidents => pages::incidents(app, query.as_deref(), (&viewer, None)),
        Page::Incident => pages::incident(app, &of, (&viewer, None)),
        Page::Ack => pages::ack(app, &of, None),
        Page::Audit => pages::audit(app, query.as_deref(), &viewer),
        Page::Uptime => pages::uptime(app, query.as_deref(), &viewer),
        Page::Config => pages::config(app, query.as_deref(), (&viewer, &SaidOfConfig::Nothing)),
        Page::SignIn => {
            let [to] = decode::query_values(query.as_deref(), ["to"]);
            pages::sign_in(app, &viewer, &to.unwrap_or_default(), None)
        }
    };
    pages::make(visit, make).await
}

/// Answers whoever sends a form; `of` is the name or the number of whatever its page is of.
async fn answer_form(
    (visit, viewer): (Visit<'_>, Viewer),
    form: FormOf,
    of: Option<&str>,
    body: Incoming,
) -> Reply {
    match form {
        FormOf::SignIn => sign_in::answer(visit, &viewer, body).await,
        FormOf::SignOut => sign_in::end(visit, &viewer, body).await,
        FormOf::Ack => ack::answer(visit, of.unwrap_or_default(), body).await,
        FormOf::Pick => pick::answer(visit, viewer, of, body).await,
        FormOf::Act => act::answer(visit, viewer, of.unwrap_or_default(), body).await,
        FormOf::New => edit::answer(visit, viewer, None, body).await,
        FormOf::Edit => edit::answer(visit, viewer, Some(of.unwrap_or_default()), body).await,
        FormOf::Config => configured::answer(visit, viewer, body).await,
    }
}
