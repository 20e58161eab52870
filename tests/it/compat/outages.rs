//! A mail server that hangs, that is down, that takes mail again; and punctual itself, down and up again.

use std::time::{Duration, Instant};

use super::latencies::Latencies;
use super::mails::{LATE, RESUMED, create, create_hasty, received, start, subjects};
use super::{COAL_MINE, Mine};
use crate::support::process::{PATIENCE, wait_until};
use crate::support::smtp::{SmtpServer, Tls};

/// Waits until punctual knows that its first mail was taken: if the server were gone before, it would send it again.
fn first_is_sent(mine: &Mine) {
    wait_for_log(mine, "message sent");
}

fn wait_for_log(mine: &Mine, words: &str) {
    wait_until(words, PATIENCE, || mine.server.log().contains(words));
}

/// 12.7
#[test]
fn a_mail_server_that_hangs_for_a_minute_delays_nothing_but_its_mail() {
    // A retry that waits then comes after 40 s, and may meet a server that is just starting.
    const UNTIL_THE_NEXT_RETRY: Duration = Duration::from_secs(100);
    let mut smtp = SmtpServer::start(Tls::None, None);
    let mine = start(&smtp, COAL_MINE);
    let id = create(&mine);
    first_is_sent(&mine);
    let hanging = smtp.hang();
    mine.ok(&format!("trigger?id={id}"));
    hanging.wait_for_count("the attempt that hangs", PATIENCE, 1);
    let latencies = Latencies::of(
        Duration::from_secs(60),
        &[
            &|| mine.server.ping("other"),
            &|| assert_eq!(mine.ok("list?verbose=true")["canaries"].as_array().unwrap().len(), 1),
            &|| drop(mine.ok("create?name=another&periodicity=60&email=ada%40example.org")),
            &|| drop(mine.ok("delete?name=another")),
        ],
    );
    latencies.are_those_of_nothing_that_waits();
    assert!(hanging.all().len() > 1, "it was tried again meanwhile");
    // 16.4: no answer in time is the server's failure, not that of the mail.
    let is_it =
        |line: &str| line.contains("the mail server takes nothing") && line.contains("no answer within");
    assert!(mine.server.log().lines().any(is_it), "{}", mine.server.log());
    assert_eq!(mine.canary(&format!("get?id={id}"))["late"], true);
    smtp.start_again();
    let mails = smtp.mails.wait_for_count("the mails that waited", UNTIL_THE_NEXT_RETRY, 3);
    assert_eq!(subjects(&mails), [LATE, RESUMED, LATE]);
    // Whatever came twice would come before this.
    mine.ok(&format!("trigger?id={id}"));
    assert_eq!(subjects(&received(&smtp, 4)[..4]), [LATE, RESUMED, LATE, RESUMED]);
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
    wait_for_log(&mine, "the mail server takes nothing");
    mine.wait_until_late(&id);
    mine.server.restart();
    smtp.start_again();
    assert_eq!(subjects(&received(&smtp, 3)), [LATE, RESUMED, LATE]);
    // Whatever came twice would come before this.
    mine.ok(&format!("trigger?id={id}"));
    assert_eq!(subjects(&received(&smtp, 4)[..4]), [LATE, RESUMED, LATE, RESUMED]);
}

/// 9.4. The original tells it a second after its start; here it first has a moment to report.
#[test]
fn a_deadline_that_passed_while_punctual_was_down_is_told_after_its_start() {
    let smtp = SmtpServer::start(Tls::None, None);
    let mut mine = start(&smtp, COAL_MINE);
    let id = create_hasty(&mine, "name=x&email=ada%40example.org", "2s");
    let created = Instant::now();
    assert!(mine.server.stop().success());
    // Nothing tells of time that passes.
    std::thread::sleep(Duration::from_millis(2100).saturating_sub(created.elapsed()));
    mine.server.start_again();
    assert_eq!(subjects(&received(&smtp, 1)), ["[LATE] x has not reported"]);
    assert_eq!(mine.canary(&format!("get?id={id}"))["late"], true);
    mine.ok(&format!("trigger?id={id}"));
    let mails = received(&smtp, 2);
    assert_eq!(subjects(&mails), ["[LATE] x has not reported", "[RESUMED] x is reporting again"]);
}
