//! Pages that live, in a real browser: they show what changed without being loaded again, and keep what their viewer does.

use std::time::Duration;

use serde_json::{Value, json};

use crate::people::{Person, form_of};
use crate::support::browser::Browser;
use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;

/// Between two askings, and what a busy machine may take for one.
const SOON: Duration = Duration::from_secs(15);

/// Has the page ask now: as when the network is there again.
const ASK: &str = "void dispatchEvent(new Event('online'))";

const TOKEN: &str = "token-that-operates";
const ICON: &str = "document.querySelector('link[rel=icon]').href";
const SAID: &str = "document.querySelector('.said').textContent";
const STALE: &str = "document.querySelector('.stale').innerText";

/// A page as somebody has it open.
struct Viewed {
    browser: Browser,
    server: Punctual,
    _folder: tempfile::TempDir,
}

fn viewed(server: Punctual, path: &str) -> Viewed {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.open(&server.url(path));
    Viewed { browser, server, _folder: folder }
}

fn is_status(server: &Punctual, check: &str, status: &str) -> bool {
    server.get(&format!("/api/v1/checks/{check}")).json()["status"] == status
}

/// 22.9b
#[test]
fn a_check_that_turns_late_shows_within_ten_seconds_and_nothing_of_the_viewer_is_lost() {
    let server = Punctual::start(
        "checks: [{name: a, every: 1h}, {name: soon, every: 9s, grace: 0s}, {name: z, every: 1h, group: g}]\n",
    );
    for name in ["a", "soon", "z"] {
        server.ping(name);
    }
    let Viewed { mut browser, server, _folder } = viewed(server, "/");
    assert_eq!(browser.text("document.title"), "punctual");
    assert!(browser.text(ICON).contains("%232da44e"), "a green dot");
    browser.evaluate("window.isSamePage = true");
    browser.evaluate("document.querySelector('input[type=search]').focus()");
    browser.type_text("half a fil");
    browser.evaluate("document.querySelector('tr[data-key=soon] details').open = true");
    browser.evaluate("document.querySelector('tr[data-key=z] details').open = true");
    browser.evaluate("document.querySelector('tr[data-key=soon] a.name').focus()");
    wait_until("lateness", PATIENCE, || is_status(&server, "soon", "late"));
    let needs = "document.querySelector('section[data-key=\"Needs somebody\"] tr[data-key=soon]')";
    browser.wait_until(&format!("{needs} !== null"), SOON);
    assert_eq!(browser.text("document.title"), "(1 late) punctual");
    assert!(browser.text(ICON).contains("%23e8811a"), "{}", browser.text(ICON));
    assert_eq!(browser.text("document.querySelector('h1').textContent"), "1 check needs somebody");
    assert_eq!(browser.text(SAID), "late now: 1 check needs somebody");
    for kept in [
        "window.isSamePage",
        "document.querySelector('input[type=search]').value === 'half a fil'",
        &format!("document.activeElement === {needs}.querySelector('a.name')"),
        &format!("{needs}.querySelector('details').open"),
        "document.querySelector('tr[data-key=z] details').open",
        "!document.querySelector('tr[data-key=a] details').open",
        "document.querySelectorAll('tr[data-key]').length === 3",
    ] {
        assert_eq!(browser.evaluate(kept), true, "{kept}");
    }
    assert_eq!(browser.console(), [""; 0]);
}

/// 22.9b, 22.9c
#[test]
fn a_form_that_somebody_fills_in_stays_as_it_is_and_counts_once() {
    let server = Punctual::start("checks: [{name: job, every: 1h}]\n");
    server.ping("job/start");
    let Viewed { mut browser, server, _folder } = viewed(server, "/checks/job");
    let form = "document.querySelector('details[data-key=Affirm]')";
    let rid = format!("{form}.querySelector('[name=rid]').value");
    let first_rid = browser.text(&rid);
    browser.evaluate(&format!("{form}.open = true; {form}.querySelector('[name=who]').focus()"));
    browser.type_text("ann");
    browser.evaluate(&format!("{form}.querySelector('[name=comment]').value = 'signed off'"));
    server.ping("job/fail");
    browser.evaluate(ASK);
    browser.wait_until("document.title.startsWith('(failing) job')", SOON);
    assert_eq!(browser.text(SAID), "failing now: job");
    assert_eq!(browser.text(&rid), first_rid);
    for kept in ["open", "contains(document.activeElement)", "querySelector('[name=who]').value === 'ann'"] {
        let kept = format!("{form}.{kept}");
        assert_eq!(browser.evaluate(&kept), true, "{kept}");
    }
    browser.forget_loads();
    browser.evaluate(&format!("void {form}.querySelector('button[value=success]').click()"));
    browser.wait_loaded("the page after the form");
    let pings = server.get("/api/v1/checks/job/pings").json();
    let newest = &pings["pings"][0];
    assert_eq!((&newest["kind"], &newest["rid"]), (&json!("success"), &json!(format!("form/{first_rid}"))));
    assert!(newest["comment"].as_str().unwrap().starts_with("signed off (by ann"), "{newest}");
    assert_ne!(browser.text(&rid), first_rid, "the next form is another");
    assert_eq!(browser.console(), [""; 0]);
}

/// 22.9b
#[test]
fn a_page_says_how_old_it_is_where_the_server_does_not_answer_and_goes_on() {
    let server = Punctual::start("checks: [{name: job, every: 1h}]\n");
    let Viewed { mut browser, mut server, _folder } = viewed(server, "/");
    assert_eq!(browser.evaluate("document.querySelector('.stale').hidden"), true);
    server.kill9();
    // By itself, without being told that the network has changed.
    browser.wait_until("!document.querySelector('.stale').hidden", SOON);
    let said = browser.text(STALE);
    assert!(
        said.starts_with("This page is ") && said.contains(" old: the server does not answer."),
        "{said}"
    );
    assert_eq!(browser.text(SAID), "the server does not answer");
    assert_eq!(browser.text("document.title"), "(old) punctual");
    assert!(browser.text(ICON).contains("%239aa4af"));
    server.start_again();
    server.ping("job/fail");
    browser.wait_until("document.querySelector('.stale').hidden", Duration::from_secs(45));
    assert_eq!(browser.text("document.title"), "(1 failing) punctual");
    assert!(browser.text(ICON).contains("%23e5383f"));
}

/// 22.9b, 23.3a
#[test]
fn whose_session_is_over_is_told_so() {
    let config = |name: &str| {
        format!(
            "auth: {{tokens: [{{name: {name}, scope: operate, token: token-that-operates}}]}}\nchecks: [{{name: job, every: 1h}}]\n"
        )
    };
    let server = Punctual::start(&config("oncall"));
    let Viewed { mut browser, server, _folder } = viewed(server, "/");
    assert!(browser.text("location.href").ends_with("/sign-in?to="), "it led there");
    assert_eq!(
        browser.evaluate("document.querySelector('.stale')"),
        serde_json::Value::Null,
        "it asks nothing"
    );
    browser.sign_in(TOKEN);
    browser.evaluate(ASK);
    browser.wait_answers(&server.url("/"), &[200, 304]);
    server.write_config(&config("another"));
    assert_eq!(server.reload().status, 200);
    browser.evaluate(ASK);
    browser.wait_until("!document.querySelector('.stale').hidden", PATIENCE);
    let said = browser.text(STALE);
    assert!(said.contains("you are signed out, or it has moved. Load it again"), "{said}");
    assert_eq!(browser.text("document.querySelector('.stale a').href"), server.url("/"));
    assert_eq!(browser.text("document.querySelector('h1').textContent"), "1 check has yet to report");
}

/// 22.9b
#[test]
fn a_page_that_nobody_sees_asks_nothing_until_they_come_back() {
    let server = Punctual::start("checks: [{name: job, every: 1h}]\n");
    let Viewed { mut browser, server, _folder } = viewed(server, "/");
    let other = browser.show_another();
    browser.wait_until("document.hidden", PATIENCE);
    server.ping("job/fail");
    let before = browser.statuses(&server.url("/"));
    browser.evaluate(ASK);
    assert_eq!(browser.statuses(&server.url("/")), before);
    assert_eq!(browser.text("document.title"), "punctual");
    browser.close(&other);
    // At once: while nobody saw it, no time was set for the next asking.
    browser.wait_until("document.title === '(1 failing) punctual'", PATIENCE);
}

/// 22.9b
#[test]
fn times_are_shown_in_the_viewers_zone_and_without_scripts_in_utc() {
    let server = Punctual::start("checks: [{name: job, every: 1h}, {name: other, every: 1h}]\n");
    server.ping("job/fail");
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.set_zone("Asia/Tokyo");
    let shown = "[...document.querySelectorAll('main time')].map((it) => it.querySelector('small')?.textContent ?? '')";
    let expected = "[...document.querySelectorAll('main time')].map((it) => it.querySelector('small')
        ? new Date(it.dateTime).toLocaleTimeString('en-GB', {timeZone: 'ZONE'}) : '')";
    let is_shown = |browser: &mut Browser, zone: &str, after: &str| {
        let wanted = browser.evaluate(&expected.replace("ZONE", zone));
        let wanted = wanted.as_array().unwrap();
        let found = browser.evaluate(shown);
        let found = found.as_array().unwrap();
        assert!(found.len() >= 3 && found.len() == wanted.len(), "{found:?}");
        for (found, wanted) in found.iter().zip(wanted) {
            let (found, wanted) = (found.as_str().unwrap(), wanted.as_str().unwrap());
            let is_there =
                found == format!("{wanted}{after}") || found.ends_with(&format!(" {wanted}{after}"));
            assert!(is_there || wanted.is_empty(), "{found} for {wanted}");
        }
    };
    for path in ["/", "/checks/job"] {
        browser.open(&server.url(path));
        is_shown(&mut browser, "Asia/Tokyo", "");
        assert!(browser.text("document.querySelector('main time').title").ends_with(" UTC"));
    }
    browser.set_scripts(false);
    for path in ["/", "/checks/job"] {
        browser.open(&server.url(path));
        is_shown(&mut browser, "UTC", " UTC");
        assert_eq!(browser.evaluate("document.querySelector('.said, .stale, .keys')"), Value::Null);
    }
    browser.open(&server.url("/"));
    assert_eq!(browser.text("document.title"), "(1 failing) punctual");
    browser.forget_loads();
    browser.evaluate("document.querySelector('input[type=search]').focus()");
    browser.type_text("other");
    browser.press("Enter");
    browser.wait_loaded("what the filter finds");
    assert!(browser.text("location.search").ends_with("?q=other"));
    assert_eq!(browser.evaluate("document.querySelectorAll('a.name').length"), 1);
}

/// 22.9b
#[test]
fn all_can_be_done_by_keys() {
    let config = format!(
        "auth: {{tokens: [{{name: oncall, scope: operate, token: {TOKEN}}}]}}\n\
         checks: [{{name: a, every: 1h}}, {{name: b, every: 1h}}, {{name: c, every: 1h}}]\n"
    );
    let server = Punctual::start(&config);
    server.ping("b/fail");
    let Viewed { mut browser, server: _server, _folder } = viewed(server, "/");
    browser.sign_in(TOKEN);
    let on = "document.activeElement.textContent";
    for (key, expected) in [("j", "b"), ("j", "a"), ("j", "c"), ("j", "c"), ("k", "a"), ("k", "b")] {
        browser.press(key);
        assert_eq!(browser.text(on), expected, "after {key}");
    }
    browser.press("?");
    assert_eq!(browser.evaluate("document.querySelector('dialog').open"), true);
    browser.press("j");
    assert_eq!(browser.text(on), "Close", "keys of the page behind do nothing");
    browser.press("Escape");
    assert_eq!(browser.evaluate("document.querySelector('dialog').open"), false);
    browser.press("/");
    browser.press("j");
    browser.press("/");
    assert_eq!(browser.text("document.querySelector('input[type=search]').value"), "j/");
    browser.evaluate("document.activeElement.blur()");
    browser.press("j");
    browser.forget_loads();
    browser.press("Enter");
    browser.wait_loaded("the check");
    assert_eq!(browser.text("location.pathname"), "/checks/b");
    browser.press("a");
    let form = "document.querySelector('details[open]')";
    assert_eq!(browser.text(&format!("{form}.dataset.key")), "Answer incident 1");
    assert_eq!(browser.evaluate(&format!("{form}.contains(document.activeElement)")), true);
    browser.type_text("ann");
    browser.forget_loads();
    browser.press("Enter");
    browser.wait_loaded("the page after the form");
    let said = browser.text("document.querySelector('main').innerText");
    assert!(said.contains("Incident 1: acknowledged by ann (token oncall)"), "{said}");
}

/// 22.9b, 22.7
#[test]
fn what_somebody_chose_stays_chosen_and_nothing_else_is_when_lines_come_and_go() {
    let config = format!(
        "auth: {{tokens: [{{name: oncall, scope: operate, token: {TOKEN}}}]}}\n\
         checks: [{{name: a, every: 1h}}, {{name: b, every: 1h}}, {{name: c, every: 1h}}]\n"
    );
    let server = Punctual::start(&config);
    server.ping("b/fail");
    server.ping("a/fail");
    let Viewed { mut browser, server, _folder } = viewed(server, "/");
    browser.sign_in(TOKEN);
    browser.open(&server.url("/incidents"));
    browser.evaluate("document.querySelector('input[name=incident][value=\"1\"]').click()");
    let chosen =
        "[...document.querySelectorAll('input[name=incident]:checked')].map((one) => one.value).join()";
    assert_eq!(browser.text(chosen), "1");
    let lines = "document.querySelectorAll('input[name=incident]').length";
    // One comes before it, and another goes.
    server.ping("c/fail");
    browser.evaluate(ASK);
    browser.wait_until(&format!("{lines} === 3"), SOON);
    assert_eq!(browser.text(chosen), "1");
    server.ping("a");
    browser.evaluate(ASK);
    browser.wait_until(&format!("{lines} === 2"), SOON);
    assert_eq!(browser.text(chosen), "1");
    server.ping("b");
    browser.evaluate(ASK);
    browser.wait_until(&format!("{lines} === 1"), SOON);
    assert_eq!(browser.text(chosen), "");
}

/// 22.9a, 22.9c
#[test]
fn who_has_a_page_is_told_that_nothing_changed_and_sees_no_others_forms() {
    let config = format!(
        "auth: {{tokens: [{{name: oncall, scope: operate, token: {TOKEN}}}]}}\nchecks: [{{name: job, every: 1h}}]\n"
    );
    let server = Punctual::start(&config);
    let ask = |path: &str, person: &Person<'_>, tag: &str| {
        let request = person.request("GET", path);
        http::send(if tag.is_empty() { request } else { request.header("if-none-match", tag) })
    };
    let form = |page: &Response| form_of(&page.text());
    let [ann, bob] = [(); 2].map(|()| Person::signed_in(&server, TOKEN));
    for path in ["/", "/?q=job", "/checks/job"] {
        let first = ask(path, &ann, "");
        let tag = first.header("etag");
        assert!(first.status == 200 && tag.starts_with("W/\""), "{path}: {tag}");
        let again = ask(path, &ann, tag);
        assert_eq!((again.status, again.header("etag"), again.body.len()), (304, tag, 0), "{path}");
        let of_bob = ask(path, &bob, tag);
        assert_eq!(of_bob.status, 200, "{path}: it is another page");
        assert_ne!(form(&of_bob), form(&first));
        assert!(!of_bob.text().contains(&form(&first)), "{path}");
        assert_eq!(ask(path, &bob, of_bob.header("etag")).status, 304, "{path}");
        server.ping("job/fail");
        wait_until("the change", PATIENCE, || ask(path, &ann, tag).status == 200);
        server.ping("job");
    }
    for path in ["/sign-in", "/runbook", "/?status=bogus", "/checks/none"] {
        let page = ask(path, &ann, "*");
        assert!(page.status != 304 && page.header("etag").is_empty(), "{path} does not ask again");
    }
}
