//! Pages of other origins in the browser of somebody who is signed in: nothing is changed, nothing is read, and no page is
//! shown in a frame (23.4, 23.7, 23.8).

use punctual::http::routes::Needs;
use serde_json::{Value, json};

use crate::browsers::all;
use crate::people::{Person, TOKENS, WRITE, form_of};
use crate::support::browser::Browser;
use crate::support::http;
use crate::support::preload;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;
use crate::support::site::Site;

const ATTACK: &str = include_str!("support/foreign.js");
/// So many rows are tried before the test looks again.
const AT_ONCE: usize = 16;

fn ask(server: &Punctual, path: &str) -> Value {
    http::send(http::client().get(server.url(path)).bearer_auth(WRITE)).json()
}

/// All that somebody could change, and what punctual has on record of it.
fn state(server: &Punctual) -> Vec<Value> {
    let lists = [
        "/api/v1/checks",
        "/api/v1/incidents",
        "/api/v1/mutes",
        "/api/v1/audit",
        "/api/v1/checks/backup/pings",
    ];
    let mut all = lists.map(|path| ask(server, path)).to_vec();
    for check in all[0]["checks"].as_array_mut().unwrap() {
        check["as_of"].take();
    }
    all
}

/// A server with an incident, a mute, a ping's body and a check of the API; and the link that acknowledges the incident.
fn attacked() -> (Punctual, WebhookSink, String) {
    let sink = WebhookSink::start();
    let config = format!(
        "{TOKENS}compat: {{coal_mine: {{enabled: true, auth_key: auth-key-of-the-mine}}, nights_watch: {{enabled: true, auth_key: auth-key-of-the-mine}}}}\n\
         receivers: [{{name: told, group_wait: 0s, ack_links: true, webhook: {{url: '{}'}}}}]\n\
         default_receivers: [told]\nchecks: [{{name: backup, every: 1h}}]\n",
        sink.url()
    );
    let mut server = Punctual::new(&config);
    let url = server.url("");
    server = server.argument("--web.external-url").argument(&url);
    server.start_again();
    let send = |path: &str, body: &Value| {
        let request = http::client().post(server.url(path)).bearer_auth(WRITE);
        let answer = http::send(http::with_json(request, body));
        assert!(answer.status < 300, "{path}: {}", answer.text());
    };
    send("/api/v1/checks", &json!({"name": "made", "every": "1h"}));
    send("/api/v1/mutes", &json!({"check": "made", "for": "1h", "comment": "held"}));
    send("/ping/backup/fail", &json!("what it wrote"));
    let told = sink.received.wait_for_count("a message", PATIENCE, 1).remove(0).json();
    let link = told["acknowledgeURL"].as_str().unwrap().strip_prefix(&url).unwrap().to_owned();
    wait_until("what was told", PATIENCE, || {
        ask(&server, "/api/v1/incidents/1")["deliveries"][0]["state"] == "sent"
    });
    (server, sink, link)
}

/// What a form of this path would need to do something: also what no other page can know.
fn fields(path: &str, form: &str) -> Value {
    let act = match path {
        _ if path.starts_with("/checks/") => "pause",
        "/new" => "save",
        _ if path.starts_with("/edit/") => "delete",
        _ => "acknowledge",
    };
    json!({"form": form, "do": act, "who": "eve", "comment": "by another", "for": "1h", "name": "evil", "every": "5m",
        "incident": "1", "all": "yes", "token": WRITE, "to": "", "rid": "1-1"})
}

/// Each method of each row, with addresses of what there is.
fn rows(form: &str, link: &str) -> Vec<Value> {
    let there = |path: String| {
        let path = path.replace("/incidents/backup", "/incidents/1").replace("/mutes/backup", "/mutes/1");
        path.replace("/edit/backup", "/edit/made")
            .replace("/ack/no.0.link", link)
            .replace("/messages/backup", "/messages/1")
    };
    let of_row = |(needs, method, path): (Needs, &str, String)| {
        let path = there(path);
        // 23.7: whoever has a key may ping from any page, and these have none.
        json!([method, path, fields(&path, form), needs == Needs::PingKey])
    };
    // Where something else than a program may be asked, HEAD is as GET, and PUT as POST; and one command is as another.
    let is_of_its_own = |(needs, method, path): &(Needs, &str, String)| {
        let is_as_another =
            matches!(needs, Needs::Compat(_)) && !path.contains("create") && !path.contains("trigger");
        !["OPTIONS", "HEAD"].contains(method)
            && (*method != "PUT" || path.starts_with("/api/"))
            && !is_as_another
    };
    all().into_iter().filter(is_of_its_own).map(of_row).collect()
}

/// 23.4, 23.7b, 23.8
#[test]
fn a_page_of_another_origin_changes_nothing_reads_nothing_and_shows_no_page_in_a_frame() {
    let (server, _sink, link) = attacked();
    let site = Site::start(format!("<!doctype html><body><script>{ATTACK}</script>"));
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.open(&server.url("/sign-in"));
    browser.sign_in(WRITE);
    let form = form_of(&browser.text("document.documentElement.outerHTML"));
    let before = state(&server);
    let rows = rows(&form, &link);
    assert!(rows.len() > 60, "only {} rows", rows.len());
    // Another port is the same site to a browser, which sends the cookie along; another name is another.
    for host in ["127.0.0.1", "localhost"] {
        browser.open(&format!("http://{host}:{}/", site.port()));
        for some in rows.chunks(AT_ONCE) {
            let some = json!(some);
            let base = server.url("");
            for way in [
                format!("attack('{base}', {some})"),
                format!("attackFromNowhere('sandbox', '{base}', {some})"),
                format!("attackFromNowhere('data', '{base}', {some})"),
            ] {
                assert_eq!(browser.evaluate(&way), json!([]), "from {host}: {way}");
            }
        }
    }
    assert_eq!(state(&server), before, "something was changed");
    let refused = browser.console().iter().filter(|line| line.contains("frame-ancestors")).count();
    assert!(refused >= 3 * 8, "only {refused} frames were refused");
    // Nobody was signed out by it either; and whoever presses the button of their own page does what it says.
    browser.open(&server.url("/checks/backup"));
    browser.forget_loads();
    browser.evaluate("document.querySelector('button[value=pause]').click()");
    browser.wait_loaded("the page after the form");
    assert_eq!(ask(&server, "/api/v1/checks/backup")["paused"], true);
}

/// The attack would be seen where a server lets it through.
#[test]
fn what_reads_an_open_answer_is_seen() {
    let site = Site::start(format!("<!doctype html><title>own</title><body><script>{ATTACK}</script>"));
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    let base = format!("http://127.0.0.1:{}", site.port());
    browser.open(&format!("{base}/"));
    let seen = browser
        .evaluate(&format!("attack('{base}', [['GET', '/', {{}}, false], ['POST', '/', {{}}, true]])"));
    let seen: Vec<&str> = seen.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    for way in ["read with cookies: GET", "read without: GET", "sent unread: POST", "frame: /"] {
        assert!(seen.iter().any(|line| line.starts_with(way)), "{way}: {seen:?}");
    }
}

/// 23.3a, 23.4a
#[test]
fn a_cookie_that_is_forged_of_another_server_or_over_is_nobodys_in_a_browser() {
    let config = format!("{TOKENS}checks: [{{name: backup, every: 1h}}]\n");
    let (mut server, other) = (Punctual::start(&config), Punctual::start(&config));
    let name_at = |server: &Punctual| format!("punctual-{}", server.port());
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.open(&other.url("/sign-in"));
    browser.sign_in(WRITE);
    let of_other = browser.cookie(&other.url("/"), &name_at(&other)).expect("a session");
    browser.open(&server.url("/sign-in"));
    browser.sign_in(WRITE);
    let name = name_at(&server);
    let own = browser.cookie(&server.url("/"), &name).expect("a session");
    assert_eq!(browser.evaluate("document.cookie"), "", "no script reads it");
    let parts: Vec<&str> = own.split('.').collect();
    let longer = format!("{}.{}.{}", parts[0], parts[1].parse::<i64>().unwrap() + 60_000, parts[2]);
    let of_another_name = format!("b25jYWxs.{}.{}", parts[1], parts[2]);
    let is_in = |browser: &mut Browser, server: &Punctual| {
        browser.open(&server.url("/new"));
        browser.text("location.pathname") == "/new"
    };
    for forged in [&of_other, &longer, &of_another_name, &format!("{own}x"), &own[..own.len() - 2], ""] {
        browser.set_cookie(&server.url("/"), &name, forged);
        assert!(!is_in(&mut browser, &server), "{forged}");
    }
    browser.set_cookie(&server.url("/"), &name, &own);
    assert!(is_in(&mut browser, &server));
    // A form that was loaded before its token was taken away, and pressed after: nothing is done, and what was typed is kept.
    let press = |browser: &mut Browser| {
        browser.evaluate("document.querySelector('[name=name]').value = 'evil'");
        browser.evaluate("document.querySelector('[name=every]').value = '5m'");
        browser.forget_loads();
        browser.evaluate("document.querySelector('.check button').click()");
        browser.wait_loaded("what comes of a form");
        browser.text("document.querySelector('main').innerText")
    };
    server.write_config(&config.replace(WRITE, "another-that-may-write"));
    assert_eq!(server.reload().status, 200);
    let said = press(&mut browser);
    assert!(said.contains("Nothing was done") && said.contains("name: evil"), "{said}");
    assert!(!is_in(&mut browser, &server));
    server.write_config(&config);
    assert_eq!(server.reload().status, 200);
    assert!(is_in(&mut browser, &server));
    // Thirteen hours later.
    let library = preload::build("later", server.folder());
    server.stop();
    server = server.environment("LD_PRELOAD", library.to_str().unwrap());
    server.start_again();
    let said = press(&mut browser);
    assert!(said.contains("Nothing was done"), "{said}");
    assert!(!is_in(&mut browser, &server));
    assert_eq!(ask(&server, "/api/v1/checks")["checks"].as_array().unwrap().len(), 1);
}

/// 23.4a: also what another session of the same person made.
#[test]
fn a_form_of_another_session_is_refused() {
    let server = Punctual::start(&format!("{TOKENS}checks: [{{name: backup, every: 1h}}]\n"));
    let [first, second] = [(); 2].map(|()| Person::signed_in(&server, WRITE));
    let form = form_of(&first.get("/new").text());
    let fields = [("form", form.as_str()), ("do", "save"), ("name", "a"), ("every", "5m")];
    assert_eq!(second.post("/new", &fields).status, 403);
    assert_eq!(first.post("/new", &fields).status, 303);
}
