//! Addresses that a check mails itself (16.4): declared in a file, changed by a reload, beside responders.

use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::smtp::{Mail, SmtpServer, Tls};

/// The mails to an address, once there are so many.
fn to(smtp: &SmtpServer, address: &str, count: usize) -> Vec<Mail> {
    smtp.mails.wait(&format!("mails to {address}"), PATIENCE, |mails| {
        let own: Vec<Mail> = mails.iter().filter(|mail| mail.to == [address]).cloned().collect();
        (own.len() >= count).then_some(own)
    })
}

/// So many checks that are late at one moment, each with an address of its own.
fn checks_of_their_own(count: usize, port: u16, login: &str) -> String {
    let mut config = format!(
        "smtp: {{host: 127.0.0.1, port: {port}, tls: none, from: punctual@example.org{login}}}\nchecks:\n"
    );
    for number in 1..=count {
        let line =
            format!("  - {{name: job-{number}, every: 1s, grace: 0s, emails: [of-{number}@example.org]}}\n");
        config.push_str(&line);
    }
    config
}

/// 16.4
#[test]
fn a_check_mails_its_own_addresses_in_a_thread_beside_its_responders() {
    let smtp = SmtpServer::start(Tls::None, None);
    let port = smtp.port();
    let config = |address: &str| {
        format!(
            "smtp: {{host: 127.0.0.1, port: {port}, tls: none, from: Punctual <punctual@example.org>}}\n\
             receivers: [{{name: ops, email: {{to: [ops@example.org]}}, group_wait: 0s}}]\n\
             responders: [{{matchers: ['check=\"backup\"'], actions: [{{notify: ops}}]}}]\n\
             checks: [{{name: backup, title: Nächtliche Sicherung, every: 1h, emails: [{address}]}}]\n"
        )
    };
    let server = Punctual::start(&config("ada@example.org"));
    server.ping("backup/fail?comment=it+broke");
    let failing = to(&smtp, "ada@example.org", 1).remove(0);
    assert_eq!(failing.header("subject"), "[FAILING] Nächtliche Sicherung");
    assert_eq!(failing.header("from"), "Punctual <punctual@example.org>");
    assert_eq!(failing.header("list-id"), "punctual <emails-backup.punctual.example.org>");
    assert_eq!(failing.header("auto-submitted"), "auto-generated");
    assert!(failing.text.as_deref().unwrap().starts_with("FAILING (failed) since "), "{failing:?}");
    let at_ops = to(&smtp, "ops@example.org", 1).remove(0);
    assert_eq!(at_ops.header("list-id"), "punctual <ops.punctual.example.org>");
    // Whom it mails from now on hears how it ends.
    server.write_config(&config("bob@example.org"));
    assert_eq!(server.reload().status, 200);
    server.ping("backup");
    let over = to(&smtp, "bob@example.org", 1).remove(0);
    assert_eq!(over.header("in-reply-to"), failing.header("message-id"));
    assert!(over.header("subject").contains("Nächtliche Sicherung"), "{over:?}");
    assert_eq!(to(&smtp, "ops@example.org", 2)[1].header("in-reply-to"), at_ops.header("message-id"));
    assert_eq!(to(&smtp, "ada@example.org", 1).len(), 1);
}

/// 16.4: with a real server that is down for a while.
#[test]
fn forty_checks_leave_a_mail_server_alone_that_is_down_and_all_their_mails_arrive() {
    const CHECKS: usize = 40;
    let mut smtp = SmtpServer::start(Tls::None, None);
    let connections = smtp.hang_up();
    let server = Punctual::start(&checks_of_their_own(CHECKS, smtp.port(), ""));
    // All are late at one moment. Eight are under way when the first says that it is down; then one finds out, after 5 s and after 10 s.
    connections.wait_for_count("attempts", PATIENCE, 10);
    let count = |words: &str| server.log().lines().filter(|line| line.contains(words)).count();
    let attempts = connections.wait_for_count("attempts", PATIENCE, 10).len();
    smtp.start_again();
    for number in 1..=CHECKS {
        assert_eq!(to(&smtp, &format!("of-{number}@example.org"), 1).len(), 1);
    }
    let rests = count("the mail server takes nothing");
    assert_eq!((attempts, rests), (10, 3));
    assert_eq!((count("not taken"), count("the mail server takes mails again")), (0, 1));
    assert_eq!(server.sum("punctual_deliveries_failed_total", "emails/*"), attempts as u64);
}

/// 16.4: with a real server that takes connections, and no mail: one that lost what it looks its users up in.
#[test]
fn a_mail_server_that_answers_and_takes_nothing_for_anybody_is_told_once_and_all_mails_arrive() {
    const CHECKS: usize = 40;
    let mut smtp = SmtpServer::start(Tls::None, None);
    smtp.start_refusing("451 4.3.0 Temporary lookup failure");
    let server = Punctual::start(&checks_of_their_own(CHECKS, smtp.port(), ""));
    let failed = || server.sum("punctual_deliveries_failed_total", "emails/*");
    wait_until("an attempt for each", PATIENCE, || failed() >= CHECKS as u64);
    let count = |words: &str| server.log().lines().filter(|line| line.contains(words)).count();
    // One for each attempt before: eight are under way at a time.
    let told = count("not taken");
    assert!(count("took nothing for so many mailboxes") == 1 && told < CHECKS, "{told}");
    smtp.start_again();
    for number in 1..=CHECKS {
        assert_eq!(to(&smtp, &format!("of-{number}@example.org"), 1).len(), 1);
    }
    assert!(count("not taken") < CHECKS && count("the mail server takes mails again") >= 1);
}

/// 12.4, 16.4
#[test]
fn a_login_that_is_refused_counts_as_settings_to_be_mended_for_mails_of_checks_own_too() {
    let smtp = SmtpServer::start(Tls::None, Some("punctual:right"));
    let login = ", username: punctual, password: wrong";
    let server = Punctual::start(&checks_of_their_own(1, smtp.port(), login));
    let misdirected = || server.sum("punctual_deliveries_misdirected_total", "emails/*");
    wait_until("an attempt that counts", PATIENCE, || misdirected() >= 1);
    assert!(server.log().contains("the settings of `smtp` should be mended"), "{}", server.log());
}
