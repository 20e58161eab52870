//! The mails of canaries, as a real SMTP server takes them from the real binary.

use regex::Regex;
use serde_json::Value;

use super::{BOTH, COAL_MINE, Mine, NIGHTS_WATCH, text};
use crate::support::http;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::smtp::{Mail, SmtpServer, Tls};

pub(super) const LATE: &str = "[LATE] Nächtliche Sicherung 夜 has not reported";
pub(super) const RESUMED: &str = "[RESUMED] Nächtliche Sicherung 夜 is reporting again";

const KEY: &str = "auth-key-of-the-mine";
const TOKEN: &str = "token-that-may-write";

pub(super) fn start(smtp: &SmtpServer, prefix: &'static str) -> Mine {
    start_with(smtp, prefix, "checks: [{name: other, every: 1h}]\n")
}

/// Without a key nobody may have it mail; with a token its checks are changed at will.
fn start_with(smtp: &SmtpServer, prefix: &'static str, more: &str) -> Mine {
    let doors = format!(
        "compat: {{coal_mine: {{enabled: true, auth_key: {KEY}}}, nights_watch: {{enabled: true, auth_key: {KEY}}}}}\n\
         auth: {{tokens: [{{name: tests, scope: write, token: {TOKEN}}}]}}\n"
    );
    let mail = format!(
        "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: Punctual <punctual@example.org>}}\n",
        smtp.port()
    );
    let server = Punctual::start(&format!("{doors}{mail}{more}"));
    Mine { auth_key: Some(KEY), ..Mine::of(server, prefix) }
}

/// Late a second after it was made, and after each trigger.
pub(super) fn create(mine: &Mine) -> String {
    let name = "name=N%C3%A4chtliche+Sicherung+%E5%A4%9C";
    let emails = "email=ada%40example.org&email=bob%40example.com";
    create_hasty(mine, &format!("{name}&{emails}"), "1s")
}

/// A canary with addresses, of a period that nobody may give it through its own interface.
pub(super) fn create_hasty(mine: &Mine, parameters: &str, period: &str) -> String {
    let id = text(&mine.canary(&format!("create?{parameters}&periodicity=3600"))["id"]);
    hasten(mine, &id, period);
    id
}

fn hasten(mine: &Mine, id: &str, period: &str) {
    let send = |request: reqwest::RequestBuilder| {
        let answer = http::send(request.bearer_auth(TOKEN));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let list = send(http::client().get(mine.server.url("/api/v1/checks?limit=1000")));
    let is_it = |check: &&Value| check["canary"]["id"] == id;
    let name = text(&list["checks"].as_array().unwrap().iter().find(is_it).unwrap()["name"]);
    let url = mine.server.url(&format!("/api/v1/checks/{name}"));
    send(http::with_json(http::client().patch(url), &serde_json::json!({"every": period})));
}

pub(super) fn received(smtp: &SmtpServer, count: usize) -> Vec<Mail> {
    smtp.mails.wait_for_count("mails of a canary", PATIENCE, count)
}

pub(super) fn subjects(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.header("subject")).collect()
}

/// As the original writes a time of its JSON in a mail.
fn in_a_mail(time: &Value) -> String {
    text(time).replacen('T', " ", 1)
}

/// The end of a mail about this canary: the newest fifteen of its history.
fn events(canary: &Value) -> String {
    let history = canary["history"].as_array().unwrap().iter().take(15);
    let lines = history.map(|entry| format!("{:30} {}\n", in_a_mail(&entry[0]), text(&entry[1])));
    format!("\nRecent events for this canary:\n\n{}", lines.collect::<String>())
}

/// What filters, vacation notices and threads go by. A canary whose slug is no name is known by its id.
fn has_the_headers_of_a_list(mail: &Mail, id: &str) {
    assert_eq!(mail.header("auto-submitted"), "auto-generated");
    assert_eq!(mail.header("list-id"), format!("punctual <emails-{id}.punctual.example.org>"));
    let message_id = Regex::new(r"^<[A-Za-z0-9_-]{8,64}@example\.org>$").unwrap();
    assert!(message_id.is_match(mail.header("message-id")), "{}", mail.header("message-id"));
}

#[test]
fn late_and_resumed_arrive_to_the_letter_and_in_one_thread() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, COAL_MINE);
    let id = create(&mine);
    let late = received(&smtp, 1).remove(0);
    let canary = mine.canary(&format!("get?id={id}"));
    let name = format!("Nächtliche Sicherung 夜 ({id})");
    let missed = in_a_mail(&canary["deadline"]);
    let expected = format!("The canary {name} was expected to report before {missed}.\n{}", events(&canary));
    assert_eq!((late.header("subject"), late.text.as_deref()), (LATE, Some(expected.as_str())));
    assert_eq!(late.to, ["ada@example.org", "bob@example.com"]);
    assert_eq!(late.header("to"), "ada@example.org, bob@example.com");
    assert_eq!(late.header("from"), "Coal Mine <punctual@example.org>");
    has_the_headers_of_a_list(&late, &id);
    assert!(late.html.is_none() && !late.has_header("in-reply-to") && !late.has_header("references"));
    assert!(late.raw.is_ascii(), "every server can carry it");

    mine.ok(&format!("trigger?id={id}&comment=all+done+%E2%9C%93"));
    let resumed = received(&smtp, 2).remove(1);
    let canary = mine.canary(&format!("get?id={id}"));
    assert_eq!(canary["history"][0][1], "Triggered (all done ✓)");
    let (again, next) = (in_a_mail(&canary["history"][0][0]), in_a_mail(&canary["deadline"]));
    let expected = format!(
        "The canary {name} is reporting again as of {again}.\n\n\
         The next trigger for this canary is due before {next}.\n{}",
        events(&canary)
    );
    assert_eq!((resumed.header("subject"), resumed.text.as_deref()), (RESUMED, Some(expected.as_str())));
    has_the_headers_of_a_list(&resumed, &id);
    assert_eq!(resumed.header("in-reply-to"), late.header("message-id"));
    assert_eq!(resumed.header("references"), late.header("message-id"));
    assert_ne!(resumed.header("message-id"), late.header("message-id"));

    // Late anew is a thread of its own.
    let again = received(&smtp, 3).remove(2);
    assert!(again.header("subject") == LATE && !again.has_header("in-reply-to"));
}

#[test]
fn nights_watch_mails_come_from_the_address_alone() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, NIGHTS_WATCH);
    create_hasty(&mine, "name=x&email=ada%40example.org", "1s");
    let mail = received(&smtp, 1).remove(0);
    assert_eq!(mail.header("from"), "punctual@example.org");
    assert_eq!(mail.header("subject"), "[LATE] x has not reported");
    let body = mail.text.unwrap();
    assert!(body.starts_with("The watcher x (") && body.ends_with(" Watcher created\n"), "{body}");
}

/// 16.7, as the original does: another period may make it well again.
#[test]
fn what_an_update_changes_is_told() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, COAL_MINE);
    let id = text(&mine.canary("create?name=x&periodicity=3600&email=ada%40example.org")["id"]);
    // Addresses, names and words are no news.
    mine.canary(&format!("update?id={id}&name=a&description=d&email=bob%40example.org"));
    hasten(&mine, &id, "1s");
    let late = received(&smtp, 1).remove(0);
    assert_eq!((late.header("subject"), late.header("to")), ("[LATE] a has not reported", "bob@example.org"));
    mine.canary(&format!("update?id={id}&periodicity=7200"));
    let resumed = received(&smtp, 2).remove(1);
    assert_eq!(resumed.header("subject"), "[RESUMED] a is reporting again");
    assert_eq!(resumed.header("in-reply-to"), late.header("message-id"));
}

/// 16.4
#[test]
fn a_mail_tells_the_newest_fifteen_events() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, COAL_MINE);
    let id = text(&mine.canary("create?name=x&periodicity=3600&email=ada%40example.org")["id"]);
    for n in 0..20 {
        mine.ok(&format!("trigger?id={id}&comment={n}"));
    }
    hasten(&mine, &id, "1s");
    let canary = mine.wait_until_late(&id);
    let body = received(&smtp, 1).remove(0).text.unwrap();
    assert!(body.ends_with(&events(&canary)), "{body}");
    assert!(body.contains(" Triggered (5)\n") && !body.contains(" Triggered (4)\n"), "{body}");
}

/// A mail of which one header, or one line, was written by whoever named the canary.
#[test]
fn nothing_that_a_stranger_says_becomes_a_header_or_a_line_of_its_own() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, COAL_MINE);
    let injected =
        ["a%0D%0ABcc:+eve%40example.org", "a%0ABcc:+eve%40example.org", "a%0D", "a%00", "a%C2%85b"];
    for name in injected {
        let refused = mine.ask(&format!("create?name={name}&periodicity=60&email=ada%40example.org"));
        assert_eq!(refused.status, 400, "{name}: {}", refused.text());
        let by = format!("create?name=x&periodicity=60&email=ada%40example.org{}", &name[1..]);
        assert!(name == "a%C2%85b" || mine.ask(&by).status == 400, "{by}");
    }
    let check = |name: &str, count: usize| {
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let created = mine.canary(&format!("create?name={escaped}&periodicity=3600&email=ada%40example.org"));
        let id = text(&created["id"]);
        mine.ok(&format!("trigger?id={id}&comment=x%0D%0ABcc:+eve%40example.org%0D%0A.%0D%0Ay"));
        hasten(&mine, &id, "1s");
        let mail = received(&smtp, count).remove(count - 1);
        assert_eq!(mail.header("subject"), format!("[LATE] {name} has not reported"));
        assert!(mail.raw.is_ascii() && mail.raw.lines().all(|line| line.len() <= 998), "{}", mail.raw);
        assert_eq!(
            (mail.to.as_slice(), mail.has_header("bcc")),
            (&["ada@example.org".to_owned()][..], false)
        );
        let body = mail.text.unwrap();
        assert!(body.starts_with(&format!("The canary {name} ({id}) was expected")), "{body}");
        assert!(body.contains(" Triggered (x Bcc: eve@example.org . y)\n"), "{body}");
        assert_eq!(body.lines().count(), 6, "{body}");
    };
    check(&"夜".repeat(66), 1);
    check(&"x".repeat(200), 2);
    // Addresses likewise: nothing in them is read as anything else.
    let encoded = "%3D%3Futf-8%3Fq%3FBcc%3F%3D+%3Ca%40example.org%3E";
    assert_eq!(mine.ask(&format!("create?name=z&periodicity=1&email={encoded}")).status, 400);
    // What would be decoded as something else.
    check("=?utf-8?q?=0D=0ABcc:_eve=40example.org?=", 3);
    check("\"quoted\" <a@example.org>, (b): c; \\", 4);
}

/// 16.6. Nobody has heard of it when it is paused or unpaused, and a trigger then finds nothing late.
#[test]
fn a_pause_of_a_late_watcher_ends_its_lateness_without_a_mail() {
    let smtp = SmtpServer::start(Tls::None, None);
    let watch = start(&smtp, NIGHTS_WATCH);
    let id = create_hasty(&watch, "name=x&email=ada%40example.org", "1s");
    let mut expected = Vec::new();
    for ends_the_pause in ["unpause", "trigger"] {
        expected.push("[LATE] x has not reported");
        // Whatever was told of a pause or its end would stand before this.
        let mails = received(&smtp, expected.len());
        assert_eq!(subjects(&mails), expected);
        assert!(!mails[mails.len() - 1].has_header("in-reply-to"), "late anew is a thread of its own");
        assert_eq!(watch.canary(&format!("pause?id={id}"))["late"], false);
        let ended = watch.ok(&format!("{ends_the_pause}?id={id}"));
        assert!(ended.get("recovered").is_none_or(|recovered| recovered == false), "{ended}");
    }
    // Late once more, and it reports: that is told.
    received(&smtp, 3);
    watch.ok(&format!("trigger?id={id}"));
    expected.extend(["[LATE] x has not reported", "[RESUMED] x is reporting again"]);
    let mails = received(&smtp, 4);
    assert_eq!(subjects(&mails[..4]), expected);
    assert_eq!(mails[3].header("in-reply-to"), mails[2].header("message-id"));
    let body = mails[3].text.as_deref().unwrap();
    assert!(body.starts_with(&format!("The watcher x ({id}) is reporting again as of 20")), "{body}");
    assert!(body.contains("The next trigger for this watcher is due before 20") && !body.contains("+00:00"));
}

/// 16.6. Whoever else was told hears that the incident is over, also by a pause.
#[test]
fn a_pause_of_a_late_watcher_is_told_to_its_responders() {
    let smtp = SmtpServer::start(Tls::None, None);
    let receivers = "receivers: [{name: ops, email: {to: [ops@example.org]}, group_wait: 0s}]\n\
                     responders: [{matchers: ['check=\"x\"'], actions: [{notify: ops}]}]\n";
    let watch = start_with(&smtp, NIGHTS_WATCH, receivers);
    let id = create_hasty(&watch, "name=x&email=ada%40example.org", "1s");
    let to_ops = |count: usize| -> Vec<Mail> {
        smtp.mails.wait("mails to ops", PATIENCE, |mails| {
            let to_ops: Vec<Mail> =
                mails.iter().filter(|mail| mail.to == ["ops@example.org"]).cloned().collect();
            (to_ops.len() == count).then_some(to_ops)
        })
    };
    to_ops(1);
    watch.canary(&format!("pause?id={id}"));
    let mails = to_ops(2);
    assert_eq!(mails[1].header("in-reply-to"), mails[0].header("message-id"));
    let text = mails[1].text.as_deref().unwrap();
    assert!(text.contains("reporting again") || text.contains("RECOVERED"), "{text}");
}

/// Strangers must not have it mail whomever they like, in their own words, as often as they like.
#[test]
fn without_a_key_nobody_gives_a_canary_addresses_while_mail_can_leave() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mail = format!("smtp: {{host: 127.0.0.1, port: {}, tls: none, from: p@example.org}}\n", smtp.port());
    for prefix in [COAL_MINE, NIGHTS_WATCH] {
        let mine = Mine::of(Punctual::start(&format!("{BOTH}{mail}")), prefix);
        let refused = |command: &str| {
            let answer = mine.ask(command);
            assert_eq!(answer.status, 400, "{command}: {}", answer.text());
            assert!(answer.text().contains("auth_key_file"), "{command}: {}", answer.text());
        };
        refused("create?name=a&periodicity=60&email=eve%40example.org");
        mine.canary("create?name=a&periodicity=1");
        refused("update?slug=a&email=eve%40example.org");
        refused("update?slug=a&name=b&email=eve%40example.org");
        assert_eq!(mine.canary("get?name=a")["emails"], serde_json::json!([]));
    }
    // Where no mail can leave, they are kept for whoever asks.
    let mine = Mine::coal();
    mine.canary("create?name=a&periodicity=1&email=ada%40example.org");
}

#[test]
fn a_canary_that_mails_has_periods_of_at_least_a_minute() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, COAL_MINE);
    let refused = |command: &str| {
        let answer = mine.ask(command);
        assert_eq!(answer.status, 400, "{command}: {}", answer.text());
        assert!(answer.text().contains("at least 60 seconds"), "{command}: {}", answer.text());
    };
    let mails = "email=ada%40example.org";
    for period in ["0.05", "59.999", "*+*+*+*+*+59", "*+0-11+*+*+*+3600;*+12-23+*+*+*+1"] {
        refused(&format!("create?name=a&periodicity={period}&{mails}"));
    }
    mine.canary(&format!("create?name=a&periodicity=60&{mails}"));
    refused("update?slug=a&periodicity=59");
    mine.canary("create?name=b&periodicity=1");
    refused(&format!("update?slug=b&{mails}"));
    mine.canary(&format!("update?slug=b&{mails}&periodicity=60"));
    // What is silent may be as short as before.
    mine.canary("update?slug=b&email=-");
    mine.canary("update?slug=b&periodicity=1");
}

/// 16.4
#[test]
fn mails_wait_for_a_mail_server_to_be_configured_and_one_line_tells_of_them() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = Mine::of(Punctual::start(BOTH), COAL_MINE);
    for number in 0..20 {
        mine.canary(&format!("create?name=job-{number}&periodicity=1&email=of-{number}%40example.org"));
    }
    let server = &mine.server;
    let waiting = || server.sum("punctual_deliveries_waiting", "emails/*");
    wait_until("all to be late", PATIENCE, || waiting() == 20);
    wait_until("the line", PATIENCE, || server.log().contains("the mail server takes nothing"));
    let port = smtp.port();
    let mail = format!("smtp: {{host: 127.0.0.1, port: {port}, tls: none, from: p@example.org}}\n");
    server.write_config(&format!("{BOTH}{mail}"));
    assert_eq!(server.reload().status, 200);
    let mut told: Vec<String> = received(&smtp, 20).iter().flat_map(|mail| mail.to.clone()).collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 20, "each is told: {told:?}");
    let log = server.log();
    // At once, and after five seconds and ten.
    let lines = log.lines().filter(|line| line.contains("no mail server is configured")).count();
    assert!((1..=3).contains(&lines), "{log}");
}
