//! Where checks are made, changed and deleted that live in the database (22.11).

use hyper::StatusCode;
use maud::{Markup, html};

use super::super::act::may_not;
use super::super::edit::{NotMade, RefusedCheck};
use super::super::reply::Reply;
use super::super::version;
use super::super::viewer::Viewer;
use super::super::{App, decode};
use super::check_form::{FormShown, all_faults, check_form, faults_of, label};
use super::said::who;
use super::{Frame, page};
use crate::config::{CheckForm, FORM, REST, Scope};
use crate::core::check::Source;
use crate::store::live::Check;

/// A page: its status, title and content.
type Content = (StatusCode, String, Markup);

/// Answers `/new`, and of a check that is there `/edit/{name}`; `?delete` asks whether it shall be deleted. `refused` says what
/// came of a form.
pub(in super::super) fn answer(
    app: &App,
    of: Option<&str>,
    query: Option<&str>,
    (viewer, refused): (&Viewer, Option<&RefusedCheck>),
) -> Reply {
    let found = of.map(|name| app.services.live.find(name));
    let asks_to_delete =
        query.is_some_and(|query| decode::query_pairs(Some(query)).any(|(key, _)| key == "delete"));
    let (status, title, content) = match found {
        _ if !viewer.may(Scope::Write) => not_allowed(viewer, of),
        None => new(viewer, refused),
        Some(None) => none(viewer, refused),
        Some(Some(check)) if check.definition.source != Source::Api => declared(&check, refused),
        Some(Some(check)) if asks_to_delete || refused.is_some_and(|refused| refused.deletes) => {
            delete(&check, viewer, refused)
        }
        Some(Some(check)) => change(&check, viewer, refused),
    };
    let up = of.map_or("", |_| "../");
    let title = format!("{title} – punctual");
    page(status, &Frame { title: &title, up, worst: None, lives: false, viewer: Some(viewer) }, &content)
}

fn not_allowed(viewer: &Viewer, of: Option<&str>) -> Content {
    let (up, to) = of.map_or(("", "new".to_owned()), |name| ("../", format!("edit/{name}")));
    let content = html! {
        h1 { "Make and change checks" }
        p { "This is not for everybody: " (may_not(viewer, Scope::Write).detail()) "." }
        @if viewer.may_sign_in && viewer.name().is_none() {
            p { a href={ (up) "sign-in?to=" (decode::encoded(&to)) } { "Sign in" } }
        }
    };
    (StatusCode::FORBIDDEN, "Make and change checks".to_owned(), content)
}

/// What somebody wrote of a check that is gone becomes one from there, if they want it.
fn none(viewer: &Viewer, refused: Option<&RefusedCheck>) -> Content {
    let written = refused.filter(|refused| !refused.deletes).map(|refused| FormShown {
        form: &refused.typed,
        faults: faults_of(Some(refused)),
        action: "../new",
        version: None,
        button: "Make it as a new check",
    });
    let content = html! {
        h1 { "No such check" }
        (why_not(refused))
        @match &written {
            None => p { "It was deleted, or there never was one of this name." },
            Some(shown) => {
                p { "What you wrote still stands below: the check can be made anew from it. Its history does not come back." }
                (check_form(viewer, shown))
            }
        }
        p { a href="../" { "All checks" } " · " a href="../new" { "Make one" } }
    };
    (
        refused.map_or(StatusCode::NOT_FOUND, |refused| refused.why.status()),
        "No such check".to_owned(),
        content,
    )
}

fn new(viewer: &Viewer, refused: Option<&RefusedCheck>) -> Content {
    let empty = CheckForm::default();
    let form = refused.map_or(&empty, |refused| &refused.typed);
    let shown = FormShown {
        form,
        faults: faults_of(refused),
        action: "new",
        version: None,
        button: "Make this check",
    };
    let content = html! {
        p.small { a href="./" { "All checks" } }
        h1 { "New check" }
        (why_not(refused))
        p.quiet { "It lives in the database. Checks that belong to your configuration are better declared in its files." }
        (check_form(viewer, &shown))
    };
    (status(refused), "New check".to_owned(), content)
}

fn change(check: &Check, viewer: &Viewer, refused: Option<&RefusedCheck>) -> Content {
    let (name, title) = (&check.definition.name, &check.definition.title);
    let now = CheckForm::of(&check.definition);
    let form = refused.map_or(&now, |refused| &refused.typed);
    let version = version::declared(check);
    let action = format!("./{name}");
    let shown = FormShown {
        form,
        faults: faults_of(refused),
        action: &action,
        version: Some(&version),
        button: "Save",
    };
    let is_another = refused.is_some_and(|refused| matches!(refused.why, NotMade::Another));
    let content = html! {
        p.small { a href={ "../checks/" (name) } { "Its page" } }
        h1 { "Change " bdi { (title) } }
        (why_not(refused))
        @if is_another { (both(name.as_str(), &now, form)) }
        (check_form(viewer, &shown))
        p { a href={ "./" (name) "?delete" } { "Delete this check …" } }
    };
    (status(refused), format!("Change {title}"), content)
}

/// 22.11c: what it is now beside what was typed, where these differ.
fn both(name: &str, now: &CheckForm, typed: &CheckForm) -> Markup {
    html! {
        section aria-label="What it is now, and what you wrote" {
            p { "Somebody changed this check after you had opened the form. What you wrote still stands below: save it in place of what \
                 is there now, or " a href={ "./" (name) } { "begin with what is there now" } "." }
            (differences(now, typed))
        }
    }
}

fn differences(now: &CheckForm, typed: &CheckForm) -> Markup {
    let fields = FORM.iter().flat_map(|group| &group.fields).map(|field| field.name.as_str()).chain([REST]);
    html! {
        table.both {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Now" } th scope="col" { "You wrote" } } }
            tbody { @for field in fields {
                @let (now, typed) = (now.value(field), typed.value(field));
                @if now.trim() != typed.trim() { tr {
                    th scope="row" { (label(field)) }
                    td.lines data-label="Now" { bdi { (now) } }
                    td.lines data-label="You wrote" { bdi { (typed) } }
                } }
            } }
        }
    }
}

fn delete(check: &Check, viewer: &Viewer, refused: Option<&RefusedCheck>) -> Content {
    let (name, title) = (&check.definition.name, &check.definition.title);
    let content = html! {
        h1 { "Delete " bdi { (title) } "?" }
        (why_not(refused))
        @if refused.is_some_and(|refused| matches!(refused.why, NotMade::Another)) {
            p { "Somebody changed it after you had looked. " a href={ "../checks/" (name) } { "Look again" } ", or delete it as it is now." }
        }
        p { "Jobs that ping " code { (name) } " are answered that there is no such check. An open incident ends. Its history is kept for \
             a while (" code { "retention.archived" } "), and the name is free at once." }
        form.check method="post" action={ "./" (name) } {
            input type="hidden" name="form" value=(viewer.form());
            input type="hidden" name="version" value=(version::declared(check));
            (who(viewer))
            p { button type="submit" name="do" value="delete" { "Delete " (name) } }
        }
        p { a href={ "../checks/" (name) } { "Keep it" } }
    };
    (status(refused), format!("Delete {title}"), content)
}

/// What a file declares is changed there alone (16.1b). What somebody wrote of it before it did is for them to take there.
fn declared(check: &Check, refused: Option<&RefusedCheck>) -> Content {
    let now = CheckForm::of(&check.definition);
    let written = refused.filter(|refused| !refused.deletes && refused.typed != now);
    let content = html! {
        p.small { a href={ "../checks/" (check.definition.name) } { "Its page" } }
        h1 { bdi { (check.definition.title) } " is declared in a file" }
        (why_not(refused))
        p { "Change it in " code { (check.definition.source) } " and reload." }
        @if let Some(refused) = written {
            section aria-label="What it is now, and what you wrote" {
                p { "What you wrote, where it is not what the file says:" }
                (differences(&now, &refused.typed))
            }
        }
    };
    (status(refused), format!("Change {}", check.definition.title), content)
}

fn why_not(refused: Option<&RefusedCheck>) -> Markup {
    html! {
        @match refused.map(|refused| &refused.why) {
            None => {}
            Some(NotMade::Faults(faults)) => (all_faults(faults)),
            Some(NotMade::Another) => div.banner.warn role="alert" { strong { "Nothing was done: " } "this check was changed meanwhile." },
            Some(NotMade::Gone) => div.banner.bad role="alert" { strong { "Nothing was done: " } "this check was deleted meanwhile." },
            Some(NotMade::Problem(problem)) => div.banner.bad role="alert" {
                // What fails in the middle says how far it came.
                strong { @if problem.status().is_server_error() { "It went wrong: " } @else { "Nothing was done: " } }
                (problem.detail())
            },
        }
    }
}

fn status(refused: Option<&RefusedCheck>) -> StatusCode {
    refused.map_or(StatusCode::OK, |refused| refused.why.status())
}
