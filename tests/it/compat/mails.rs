//! The mails of canaries, as a real SMTP server takes them from the real binary.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{BOTH, COAL_MINE, Mine, NIGHTS_WATCH, text};
use crate::support::http::Response;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::smtp::{Mail, SmtpServer, Tls};

const LATE: &str = "[LATE] Nächtliche Sicherung 夜 has not reported";
const RESUMED: &str = "[RESUMED] Nächtliche Sicherung 夜 is reporting again";

fn start(smtp: &SmtpServer, prefix: &'static str) -> Mine {
    let mail = format!(
        "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: Punctual <punctual@example.org>}}\n",
        smtp.port()
    );
    Mine::of(Punctual::start(&format!("{BOTH}{mail}checks: [{{name: other, every: 1h}}]\n")), prefix)
}

/// Late a second after it was made, and after each trigger.
fn create(mine: &Mine) -> String {
    let name = "name=N%C3%A4chtliche+Sicherung+%E5%A4%9C";
    let emails = "email=ada%40example.org&email=bob%40example.com";
    text(&mine.canary(&format!("create?{name}&periodicity=1&{emails}"))["id"])
}

fn received(smtp: &SmtpServer, count: usize) -> Vec<Mail> {
    smtp.mails.wait_for_count("mails of a canary", PATIENCE, count)
}

/// Waits until punctual knows that its first mail was taken: if the server were gone before, it would send it again.
fn first_is_sent(mine: &Mine) {
    wait_for_log(mine, "message sent");
}

fn wait_for_log(mine: &Mine, words: &str) {
    wait_until(words, PATIENCE, || mine.server.log().contains(words));
}

fn subjects(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.header("subject")).collect()
}

/// As the original writes a time of its JSON in a mail.
fn in_a_mail(time: &Value) -> String {
    text(time).replacen('T', " ", 1)
}

/// The end of a mail about this canary.
fn events(canary: &Value) -> String {
    let history = canary["history"].as_array().unwrap().iter();
    let lines = history.map(|entry| format!("{:30} {}\n", in_a_mail(&entry[0]), text(&entry[1])));
    format!("\nRecent events for this canary:\n\n{}", lines.collect::<String>())
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
    assert_eq!(late.header("auto-submitted"), "auto-generated");
    assert!(late.header("list-id").contains("punctual.example.org"), "{}", late.header("list-id"));
    assert!(late.html.is_none() && !late.has_header("in-reply-to"));
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
    assert_eq!(resumed.header("in-reply-to"), late.header("message-id"));
    assert_ne!(resumed.header("message-id"), late.header("message-id"));

    // Late anew is a thread of its own.
    let again = received(&smtp, 3).remove(2);
    assert!(again.header("subject") == LATE && !again.has_header("in-reply-to"));
}

#[test]
fn nights_watch_mails_come_from_the_address_alone() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, NIGHTS_WATCH);
    mine.canary("create?name=x&periodicity=1&email=ada%40example.org");
    let mail = received(&smtp, 1).remove(0);
    assert_eq!(mail.header("from"), "punctual@example.org");
    assert_eq!(mail.header("subject"), "[LATE] x has not reported");
    let body = mail.text.unwrap();
    assert!(body.starts_with("The watcher x (") && body.ends_with(" Watcher created\n"), "{body}");
}

/// 12.7
#[test]
fn a_mail_server_that_hangs_delays_nothing_but_its_mail() {
    let mut smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, COAL_MINE);
    let id = create(&mine);
    first_is_sent(&mine);
    let hanging = smtp.hang();
    mine.ok(&format!("trigger?id={id}"));
    hanging.wait_for_count("the attempt that hangs", PATIENCE, 1);
    let at_once = |ask: &dyn Fn() -> Response| {
        let start = Instant::now();
        assert_eq!(ask().status, 200);
        assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
    };
    for _ in 0..10 {
        at_once(&|| mine.ask("list?verbose=true"));
        at_once(&|| mine.server.get("/ping/other"));
        at_once(&|| mine.ask("create?name=another&periodicity=60"));
        at_once(&|| mine.ask("delete?name=another"));
    }
    mine.wait_until_late(&id);
    smtp.start_again();
    assert_eq!(subjects(&received(&smtp, 3)), [LATE, RESUMED, LATE]);
}

/// 12.7
#[test]
fn a_mail_server_that_is_down_over_a_restart_gets_each_mail_once() {
    let mut smtp = SmtpServer::start(Tls::None, None);
    let mut mine = start(&smtp, COAL_MINE);
    let id = create(&mine);
    first_is_sent(&mine);
    smtp.stop();
    mine.ok(&format!("trigger?id={id}"));
    wait_for_log(&mine, "message not taken");
    mine.wait_until_late(&id);
    mine.server.restart();
    smtp.start_again();
    assert_eq!(subjects(&received(&smtp, 3)), [LATE, RESUMED, LATE]);
    // Whatever came twice would come before this.
    mine.ok(&format!("trigger?id={id}"));
    assert_eq!(subjects(&received(&smtp, 4)[..4]), [LATE, RESUMED, LATE, RESUMED]);
}
