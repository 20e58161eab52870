//! A night on call: what a mail's link does, and what it does not (22.5).

use std::collections::BTreeSet;
use std::process::Command;

use punctual::clock::Clock;
use punctual::core::outbox::{Message, MessageId};
use punctual::core::secret::Secret;
use punctual::core::time::Span;
use punctual::notify::AckLink;
use serde_json::Value;

use crate::people::{OPERATE, Person, TOKENS, as_texts, fields_of, form};
use crate::shown::{BESIDE_AND_STUCK, found, with_style};
use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, run, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;
use crate::support::smtp::{Mail, SmtpServer, Tls};

/// A server whose mails have links, and `ops@example.org`, who reads them.
fn start(more: &str, checks: &str) -> (Punctual, SmtpServer) {
    let mails = SmtpServer::start(Tls::None, None);
    let config = format!(
        "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}\nreceivers:\n  \
         - {{name: ops-mail, group_wait: 0s, email: {{to: [ops@example.org]}}}}\n{more}\n\
         default_receivers: [ops-mail]\nchecks: {checks}\n",
        mails.port()
    );
    let mut server = Punctual::new(&config);
    let url = server.url("");
    server = server.argument("--web.external-url").argument(&url);
    server.start_again();
    (server, mails)
}

fn mail(mails: &SmtpServer, count: usize) -> Mail {
    mails.mails.wait_for_count("mails", PATIENCE, count).pop().unwrap()
}

/// Every address in a text.
fn addresses(text: &str) -> BTreeSet<String> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>');
    text.split("http://").skip(1).map(|rest| format!("http://{}", rest.split(ends).next().unwrap())).collect()
}

/// The link to acknowledge, which both parts of a mail have.
fn link(mail: &Mail) -> String {
    let of = |text: &str| addresses(text).into_iter().find(|url| url.contains("/ack/"));
    let (text, html) = (of(mail.text.as_ref().unwrap()), of(mail.html.as_ref().unwrap()));
    assert!(text.is_some() && text == html, "{text:?} {html:?} {mail:#?}");
    text.unwrap()
}

fn ask(method: &str, url: &str) -> Response {
    http::send(http::client().request(method.parse().unwrap(), url))
}

/// What a browser sends that presses a button of a form.
fn send(url: &str, fields: &[(&str, &str)]) -> Response {
    let origin: String = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    http::send(form(http::client().post(url).header("origin", origin), fields))
}

fn incident(server: &Punctual, id: u64) -> Value {
    server.get(&format!("/api/v1/incidents/{id}")).json()
}

/// Each form of a page with each of its buttons, as it is before anybody has typed anything.
fn pressed(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let value = |tag: &str, name: &str| {
        tag.split(&format!("{name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap().to_owned())
    };
    let mut all = Vec::new();
    for form in page.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap()) {
        let Some(action) = value(form.split('>').next().unwrap(), "action") else { continue };
        let named = |tag: &&str| ["input", "select", "textarea"].iter().any(|kind| tag.starts_with(kind));
        let fields: Vec<(String, String)> = form
            .split('<')
            .filter(named)
            .filter_map(|tag| Some((value(tag, "name")?, value(tag, "value").unwrap_or_default())))
            .collect();
        for button in form.split("<button").skip(1) {
            let button = button.split('>').next().unwrap();
            let mut fields = fields.clone();
            fields
                .extend(value(button, "name").map(|name| (name, value(button, "value").unwrap_or_default())));
            all.push((action.clone(), fields));
        }
    }
    all
}

/// 22.5: mail programs and their guards fetch what they find, and some press what they see.
#[test]
fn a_robot_that_follows_every_link_and_presses_every_button_acknowledges_nothing() {
    let (server, mails) = start("", "[{name: backup, every: 1h, runbook_url: 'http://127.0.0.1:1/runbook'}]");
    server.ping("backup/fail");
    let mail = mail(&mails, 1);
    let link = link(&mail);
    wait_until("what was told", PATIENCE, || incident(&server, 1)["deliveries"][0]["state"] == "sent");
    let before = incident(&server, 1);
    let all: BTreeSet<String> =
        [&mail.text, &mail.html].into_iter().flatten().flat_map(|text| addresses(text)).collect();
    let ours: Vec<&String> = all.iter().filter(|url| url.starts_with(&server.url("/"))).collect();
    assert!(ours.len() >= 2, "a page and a link: {all:?}");
    let mut buttons = 0;
    for url in ours {
        for method in ["HEAD", "GET", "GET"] {
            assert_eq!(ask(method, url).status, 200, "{method} {url}");
        }
        for (action, fields) in pressed(&ask("GET", url).text()) {
            let to = reqwest::Url::parse(url).unwrap().join(&action).unwrap();
            let fields = as_texts(&fields);
            let answer = send(to.as_str(), &fields);
            assert!(answer.status >= 400, "{to} {fields:?}: {}", answer.text());
            buttons += 1;
        }
    }
    assert!(buttons >= 3, "{buttons}");
    // Neither without the origin that a browser names, nor by another method.
    let body = "who=ann".to_owned();
    let kind = "application/x-www-form-urlencoded";
    let bare = http::client().post(&link).header("content-type", kind).body(body);
    assert_eq!(http::send(bare).status, 403);
    for method in ["PUT", "DELETE", "PATCH"] {
        assert_eq!(ask(method, &link).status, 405, "{method}");
    }
    assert_eq!(incident(&server, 1), before);
    assert!(!server.log().contains(link.rsplit('/').next().unwrap()), "a link is a secret");
}

/// 22.5
#[test]
fn a_person_acknowledges_by_the_link_what_stands_open_and_is_told_what_has_ended() {
    let (server, mails) = start("", "[{name: a, every: 1h}, {name: b, every: 1h}]");
    server.ping("a/fail");
    let first = link(&mail(&mails, 1));
    assert_eq!(send(&first, &[("who", " ")]).status, 422);
    assert_eq!(send(&first, &[("who", &"x".repeat(101))]).status, 422);
    assert_eq!(send(&first, &[("who", "ann"), ("for", "32d")]).status, 422);
    // What a page does not offer is not taken: all would be told again a second later, as often as somebody likes.
    assert_eq!(send(&first, &[("who", "ann"), ("for", "1s")]).status, 422);
    assert_eq!(incident(&server, 1)["status"], "open");
    let done = send(&first, &[("who", "ann"), ("comment", "on my way")]);
    assert_eq!(done.status, 303, "{}", done.text());
    let said = incident(&server, 1);
    assert_eq!(
        (&said["status"], &said["said_by"], &said["comment"]),
        (&"acknowledged".into(), &"ann (link to ops-mail)".into(), &"on my way".into()),
        "{said}"
    );
    let lasts = |incident: &Value| {
        let at = |key: &str| chrono::DateTime::parse_from_rfc3339(incident[key].as_str().unwrap()).unwrap();
        (at("acknowledged_until") - at("said_at")).num_minutes()
    };
    assert!((1439..=1440).contains(&lasts(&said)), "{said}");
    // It is open no more: pressed again it does nothing, and says so.
    let page = ask("GET", &first).text();
    assert!(page.contains("Acknowledged") && page.contains("<bdi>ann (link to ops-mail)</bdi>"), "{page}");
    assert!(!page.contains("<button"), "{page}");
    assert_eq!(send(&first, &[("who", "bob")]).status, 409);
    server.ping("a");
    wait_until("the recovery", PATIENCE, || incident(&server, 1)["status"] == "resolved");
    let page = ask("GET", &first).text();
    assert!(page.contains("resolved") && page.contains("<time"), "{page}");
    // What tells of no trouble has no link.
    let recovery = mail(&mails, 2);
    assert!(!recovery.text.unwrap().contains("/ack/") && !recovery.html.unwrap().contains("/ack/"));
    // A link is of its message alone, and of this server.
    server.ping("b/fail");
    let second = link(&mail(&mails, 3));
    assert_ne!(first, second);
    assert_eq!(send(&second, &[("who", "ann"), ("for", "end")]).status, 303);
    assert_eq!(incident(&server, 2)["acknowledged_until"], Value::Null);
    let (cut, _) = second.split_at(second.len() - 3);
    assert_eq!(ask("GET", cut).status, 404);
    assert_eq!(send(cut, &[("who", "ann")]).status, 404);
}

/// 22.5
#[test]
fn links_are_where_people_are_reached_and_where_the_file_wants_them() {
    let (with, without) = (WebhookSink::start(), WebhookSink::start());
    let more = format!(
        "  - {{name: with, group_wait: 0s, ack_links: true, webhook: {{url: '{}'}}}}\n  \
         - {{name: without, group_wait: 0s, webhook: {{url: '{}'}}}}\n  \
         - {{name: quiet, group_wait: 0s, ack_links: false, email: {{to: [quiet@example.org]}}}}\n\
         responders: [{{actions: [{{notify: with}}, {{notify: without}}, {{notify: quiet}}]}}]",
        with.url(),
        without.url()
    );
    let (server, mails) = start(&more, "[{name: a, every: 1h}]");
    server.ping("a/fail");
    let posted = |sink: &WebhookSink| sink.received.wait_for_count("a message", PATIENCE, 1).remove(0).json();
    let url = posted(&with)["acknowledgeURL"].as_str().unwrap().to_owned();
    assert_eq!(send(&url, &[("who", "ann")]).status, 303);
    assert_eq!(incident(&server, 1)["said_by"], "ann (link to with)");
    assert!(posted(&without).get("acknowledgeURL").is_none());
    let quiet = mail(&mails, 1);
    assert!(!quiet.raw.contains("/ack/"), "{}", quiet.raw);

    // Where nobody has said how people get there.
    let mails = SmtpServer::start(Tls::None, None);
    let config = format!(
        "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}\n\
         receivers: [{{name: ops-mail, group_wait: 0s, email: {{to: [ops@example.org]}}}}]\n\
         default_receivers: [ops-mail]\nchecks: [{{name: a, every: 1h}}]\n",
        mails.port()
    );
    let server = Punctual::start(&config);
    server.ping("a/fail");
    let bare = mail(&mails, 1);
    assert!(!bare.raw.contains("/ack/"), "{}", bare.raw);
}

/// A mail, acknowledged by its link, muted for an hour with a reason, the job run again, recovery told once; and every step with
/// its actor in the incident's history, by page, API and command alike.
#[test]
fn a_night_on_call() {
    let (server, mails) = start(TOKENS, "[{name: nightly-backup, every: 1h, title: Nightly backup}]");
    let ping = |path: &str| {
        let sent = http::client().post(server.url(path)).bearer_auth("ping-key-of-the-jobs");
        assert_eq!(http::send(sent).status, 200);
    };
    ping("/ping/nightly-backup/fail?comment=disk+full");
    let told = mail(&mails, 1);
    assert_eq!(told.header("subject"), "[FAILING] Nightly backup");
    let link = link(&told);
    let page = ask("GET", &link).text();
    assert!(page.contains("Nightly backup") && page.contains("the job said that it failed"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(found(folder.path(), &with_style(&server, &page), 390, BESIDE_AND_STUCK), "0 ", "on a phone");
    assert_eq!(send(&link, &[("who", "ann"), ("comment", "on my way")]).status, 303);

    let ann = Person::signed_in(&server, OPERATE);
    let page = ann.get("/incidents/1").text();
    let hidden = fields_of(&page, "mute");
    let mut fields = as_texts(&hidden);
    fields.extend([("do", "mute"), ("for", "1h"), ("who", "ann"), ("comment", "a new disk")]);
    assert_eq!(ann.post("/incidents/1", &fields).status, 303);
    fields.retain(|(name, _)| !matches!(*name, "do" | "for" | "comment"));
    fields.extend([("do", "comment"), ("comment", "a new disk is in")]);
    assert_eq!(ann.post("/incidents/1", &fields).status, 303);

    ping("/ping/nightly-backup");
    let recovered = mail(&mails, 2);
    assert_eq!(recovered.header("subject"), "[RECOVERED] Nightly backup");
    assert_eq!(recovered.header("in-reply-to"), told.header("message-id"));

    let read = |path: &str| http::send(http::client().get(server.url(path)).bearer_auth(OPERATE)).json();
    let is_told = || {
        read("/api/v1/incidents/1")["deliveries"].as_array().unwrap().iter().all(|it| it["state"] == "sent")
    };
    wait_until("what was told", PATIENCE, is_told);
    let incident = read("/api/v1/incidents/1");
    let steps: Vec<(String, String, String)> = incident["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
            (text("what"), text("by"), text("comment"))
        })
        .collect();
    let step = |what: &str, by: &str, comment: &str| (what.to_owned(), by.to_owned(), comment.to_owned());
    assert_eq!(
        steps,
        [
            step("began", "a ping", ""),
            step("told", "punctual", ""),
            step("acknowledged", "ann (link to ops-mail)", "on my way"),
            step("commented", "ann (token oncall)", "a new disk is in"),
            step("eased", "a ping", ""),
            step("resolved", "a ping", ""),
            step("told", "punctual", ""),
        ],
        "{incident}"
    );
    let mute = read("/api/v1/mutes")["mutes"][0].clone();
    assert_eq!(
        (&mute["by"], &mute["comment"]),
        (&"ann (token oncall)".into(), &"a new disk".into()),
        "{mute}"
    );
    let page = ann.get("/incidents/1").text();
    let data = server.data();
    let command = |arguments: &[&str]| {
        let mut punctual = Command::new(env!("CARGO_BIN_EXE_punctual"));
        let (is_done, said) = run(punctual.args(arguments).arg("--storage.path").arg(&data));
        assert!(is_done, "{said}");
        said
    };
    let shown = command(&["incidents", "show", "1"]);
    for said in ["ann (link to ops-mail)", "on my way", "ann (token oncall)", "a new disk is in", "ops-mail"]
    {
        assert!(page.contains(said), "{said}: {page}");
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let listed = command(&["incidents", "list", "--ended"]);
    assert!(listed.contains("nightly-backup") && listed.contains("resolved"), "{listed}");
    assert!(command(&["mutes"]).contains("ann (token oncall)"));
    assert_eq!(mails.mails.all().len(), 2, "told once, and recovered once");
}

/// 22.5a, 22.5b
#[test]
fn a_link_that_is_over_tells_nothing_of_what_it_told() {
    let (server, mails) = start("", "[{name: nightly-backup, every: 1h, title: Nightly backup}]");
    server.ping("nightly-backup/fail");
    let link = link(&mail(&mails, 1));
    assert!(ask("GET", &link).text().contains("Nightly backup"));
    // The same message, as if it had been made eight days ago.
    let (before, token) = link.rsplit_once('/').unwrap();
    let secret: String = rusqlite::Connection::open(server.data().join("punctual.db"))
        .unwrap()
        .query_row("SELECT value FROM secrets WHERE name = 'people'", [], |row| row.get(0))
        .unwrap();
    let message = Message {
        id: MessageId(1),
        receiver: "ops-mail".into(),
        key: token.split('.').next().unwrap().to_owned(),
        members: Vec::new(),
        created_at: Clock::new().now() - Span::mins(8 * 24 * 60),
        attempts: 1,
        attempts_here: 1,
        retry_at: None,
        origin: None,
    };
    let old = format!("{before}/{}", AckLink::of(&message).token(&Secret::new(secret)));
    for answer in [ask("GET", &old), send(&old, &[("who", "ann")])] {
        assert_eq!(answer.status, 410);
        let page = answer.text();
        assert!(page.contains("good for a week"), "{page}");
        for told in ["Nightly backup", "nightly-backup", "ops-mail", "failed"] {
            assert!(!page.contains(told), "{told}: {page}");
        }
    }
    assert_eq!(incident(&server, 1)["status"], "open");
    assert_eq!(send(&link, &[("who", "ann")]).status, 303);
}
