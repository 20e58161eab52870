//! Script in whatever somebody can say, on every page of the route table, in a real browser: it is shown, and does nothing (23.8).

use punctual::http::routes::{Needs, ROUTES};
use serde_json::json;

use crate::people::{form, form_of};
use crate::support::browser::Browser;
use crate::support::http;
use crate::support::punctual::Punctual;

const SCRIPT: &str = "\"'></textarea></title><img src=x onerror=hit()><script>hit()</script>";
const HEADER: &str = "X-Forwarded-User";
/// What a page has that did not come from us.
const STRANGE: &str = "[...document.querySelectorAll('script:not([src]), img, [onerror], iframe, base')].map((it) => it.outerHTML).join()";

/// A server on which everything says the script that people, jobs and a proxy can say.
fn scripted() -> Punctual {
    let label = json!(SCRIPT);
    let server = Punctual::start(&format!(
        "auth: {{proxy: {{from: [127.0.0.1], user_header: {HEADER}, scope: write}}}}\n\
         checks: [{{name: backup, every: 1h, title: {label}, labels: {{said: {label}}}, group: {label}, description: {label}}}]\n"
    ));
    let ask = |method: &str, path: &str| {
        http::client().request(method.parse().unwrap(), server.url(path)).header(HEADER, SCRIPT)
    };
    let press = |page: &str, path: &str, fields: &[(&str, &str)]| {
        let token = form_of(&http::send(ask("GET", page)).text());
        let origin = server.url("");
        let request = ask("POST", path).header("origin", origin.trim_end_matches('/'));
        let all: Vec<(&str, &str)> = fields
            .iter()
            .copied()
            .chain([("form", token.as_str()), ("who", SCRIPT), ("comment", SCRIPT)])
            .collect();
        let answer = http::send(form(request, &all));
        assert_eq!(answer.status, 303, "{path} {fields:?}: {}", answer.text());
    };
    let label = format!("said: {label}");
    press(
        "/new",
        "/new",
        &[
            ("do", "save"),
            ("name", "made"),
            ("every", "1h"),
            ("title", SCRIPT),
            ("description", SCRIPT),
            ("labels", &label),
        ],
    );
    let said = format!(
        "/ping/made/fail?rid=r1&comment={}",
        form_urlencoded::byte_serialize(SCRIPT.as_bytes()).collect::<String>()
    );
    assert_eq!(http::send(ask("POST", &said).body(SCRIPT)).status, 200);
    assert_eq!(http::send(ask("POST", "/ping/backup/start")).status, 200);
    for (act, more) in [
        ("comment", ("incident", "1")),
        ("acknowledge", ("incident", "1")),
        ("mute", ("for", "1h")),
        ("pause", ("for", "")),
    ] {
        press("/checks/made", "/checks/made", &[("do", act), more]);
    }
    for name in ["none", &form_urlencoded::byte_serialize(SCRIPT.as_bytes()).collect::<String>()] {
        assert!(http::send(ask("POST", &format!("/ping/{name}"))).status >= 400);
    }
    // A configuration that is refused is told on the pages, with what is wrong in it.
    server.write_config(&format!(
        "checks: [{{name: backup, every: {}}}]\n{}: 1\n",
        json!(SCRIPT),
        json!(SCRIPT)
    ));
    assert_eq!(server.reload().status, 500);
    server
}

/// Every page there is, of what there is, of what there is not, and asked with script in its query.
fn pages() -> Vec<String> {
    let said: String = form_urlencoded::byte_serialize(SCRIPT.as_bytes()).collect();
    let query = [
        "q", "status", "label", "group", "actor", "what", "check", "to", "before", "from", "matchers",
        "since",
    ]
    .map(|key| format!("{key}={said}"))
    .join("&");
    let is_page = |needs: Needs, template: &str| {
        needs == Needs::Page || ["/sign-in", "/ack/{token}", "/runbook"].contains(&template)
    };
    let mut all = Vec::new();
    for route in ROUTES.iter().filter(|route| is_page(route.needs, &route.template)) {
        for filled in ["made", "backup", "1", &said] {
            let path = ["{*name}", "{name}", "{id}", "{token}"]
                .iter()
                .fold(route.template.to_string(), |path, part| path.replace(part, filled));
            assert!(!path.contains('{'), "{path} has a part that this test does not know");
            all.extend([path.clone(), format!("{path}?{query}"), format!("{path}?delete")]);
        }
    }
    all.sort();
    all.dedup();
    all
}

/// 23.8, 23.5b
#[test]
fn script_in_what_anybody_says_does_nothing_on_any_page() {
    let server = scripted();
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.set_headers(&json!({HEADER: SCRIPT}));
    let mut shown = 0;
    let pages = pages();
    assert!(pages.len() > 40, "{pages:?}");
    for path in &pages {
        browser.open(&server.url(path));
        assert_eq!(browser.text(STRANGE), "", "{path}");
        shown += u32::from(browser.text("document.body.innerText").contains("onerror=hit()"));
    }
    assert!(shown > 20, "it is shown on {shown} of {} pages alone", pages.len());
    // What is typed into a form comes back in it.
    for path in ["/new", "/edit/made"] {
        browser.open(&server.url(path));
        browser.forget_loads();
        browser.evaluate(&format!(
            "document.querySelectorAll('.check input:not([type=hidden]), .check textarea').forEach((it) => (it.value = {}));
             document.querySelector('.check button').click()",
            json!(SCRIPT)
        ));
        browser.wait_loaded("what comes of the form");
        assert_eq!(browser.text(STRANGE), "", "{path}");
        assert_eq!(browser.text("document.querySelector('[name=title]').value"), SCRIPT);
    }
    // Neither was anything run, nor kept from it by the policy alone.
    let is_ours = |line: &&String| !line.contains("status of 4") && !line.contains("\"level\":\"verbose\"");
    let console: Vec<String> = browser.console().iter().filter(is_ours).cloned().collect();
    assert_eq!(console, [""; 0]);
}
