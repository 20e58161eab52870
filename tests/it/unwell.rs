//! What keeps people from being told is said while it lasts: by `/-/healthy` and in the metrics (security 8).

use std::time::Duration;

use rusqlite::Connection;

use crate::support::process::{PATIENCE, free_port, wait_until};
use crate::support::prometheus::Alertmanager;
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;

/// The database of a server that runs, as another program sees it.
fn change(server: &Punctual, sql: &str) {
    let db = Connection::open(server.data().join("punctual.db")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.execute_batch(sql).unwrap();
}

/// From now on no row can be written into a table.
fn spoil(server: &Punctual, table: &str) {
    let sql = "BEGIN SELECT RAISE(ABORT, 'spoilt by a test'); END";
    change(server, &format!("CREATE TRIGGER spoilt BEFORE INSERT ON {table} {sql}"));
}

fn health(server: &Punctual) -> (u16, String) {
    let answer = server.get("/-/healthy");
    (answer.status, answer.text())
}

/// It is unwell for this reason, takes pings all the same, and is well again once it is mended.
fn is_unwell_until_mended(server: &Punctual, why: &str) {
    wait_until("/-/healthy to say so", PATIENCE, || {
        let (status, said) = health(server);
        status == 503 && said.contains(why) && said.contains("nobody is told")
    });
    assert_eq!(server.value("punctual_healthy"), 0.0);
    server.ping("other");
    change(server, "DROP TRIGGER spoilt");
    wait_until("/-/healthy to be well", PATIENCE, || health(server).0 == 200);
    assert_eq!(server.value("punctual_healthy"), 1.0);
}

#[test]
fn a_server_whose_messages_cannot_be_claimed_is_unwell_and_tells_once_they_can() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&format!(
        "receivers: [{{name: ops, group_wait: 0s, webhook: {{url: \"{}\"}}}}]\n\
         default_receivers: [ops]\nchecks: [{{name: job, every: 1h}}, {{name: other, every: 1h}}]\n",
        sink.url()
    ));
    spoil(&server, "messages");
    server.ping("job/fail");
    is_unwell_until_mended(&server, "messages cannot be read");
    sink.received.wait_for_count("the message", PATIENCE, 1);
}

#[test]
fn a_server_whose_alerts_cannot_be_read_is_unwell_and_pushes_once_they_can() {
    let alertmanager = Alertmanager::start(None);
    let server = Punctual::start(&format!(
        "alerting: {{alertmanagers: [{{url: \"{}\"}}]}}\nchecks: [{{name: job, every: 1h}}, {{name: other, every: 1h}}]\n",
        alertmanager.url()
    ));
    spoil(&server, "alerts");
    server.ping("job/fail");
    is_unwell_until_mended(&server, "alerts cannot be read");
    alertmanager.wait_for_alerts("the alert", |alerts| (alerts.len() == 1).then_some(()));
}

/// A restart of ours would not mend it: it is 200, and says so.
#[test]
fn an_alertmanager_that_takes_nothing_is_told_of_and_makes_nobody_restart_us() {
    let port = free_port();
    let config = |port: u16| {
        format!(
            "alerting: {{alertmanagers: [{{url: \"http://127.0.0.1:{port}\"}}]}}\nchecks: [{{name: job, every: 1h}}]\n"
        )
    };
    let server = Punctual::start(&config(port));
    server.ping("job/fail");
    let takes_nothing = "an Alertmanager has taken no alerts since ";
    wait_until("/-/healthy to say so", PATIENCE, || health(&server).1.contains(takes_nothing));
    assert_eq!(health(&server).0, 200);
    assert!(server.value("punctual_alertmanager_pushes_failed_total") >= 1.0);
    assert!(server.value("punctual_alertmanager_failing_since_timestamp_seconds") > 0.0);
    // Another one, by a reload, takes them.
    let alertmanager = Alertmanager::start(None);
    server.write_config(&config(alertmanager.port()));
    assert_eq!(server.reload().status, 200);
    alertmanager.wait_for_alerts("the alert", |alerts| (alerts.len() == 1).then_some(()));
    wait_until("/-/healthy to say nothing", Duration::from_secs(10), || {
        health(&server) == (200, "punctual is healthy.\n".to_owned())
    });
    assert_eq!(server.value("punctual_alertmanager_failing_since_timestamp_seconds"), 0.0);
}

/// 1.6: one check of which judging panics, here for a state that no program of ours has written, ends neither the server nor a
/// page.
#[test]
fn a_check_that_cannot_be_judged_is_said_and_all_else_goes_on() {
    let mut server = Punctual::start("checks: [{name: job, every: 1h}, {name: other, every: 1h}]\n");
    server.ping("job");
    assert!(server.stop().success());
    // A state ends with its last results, here one of six bytes. Four bytes before them say that there is no end of a pause,
    // no count of successes, no unknown result and no records. There is an end of a pause now, and no pause.
    let spoilt = "CAST(substr(state, 1, length(state) - 11) || x'0100000000' || substr(state, -7) AS BLOB)";
    let which = "check_id = (SELECT id FROM checks WHERE name = 'job')";
    change(&server, &format!("UPDATE states SET state = {spoilt} WHERE {which}"));
    server.start_again();
    server.ping("job");
    server.ping("other");
    let (status, said) = health(&server);
    assert!(status == 200 && said.contains("1 check cannot be judged"), "{status} {said}");
    assert_eq!(server.value("punctual_checks_unjudgeable"), 1.0);
    assert_eq!(server.sum("punctual_check_unknown", "check=\"job\""), 1);
    assert_eq!(server.sum("punctual_check_unknown", "check=\"other\""), 0);
    for (page, says) in
        [("/", "Not all is judged now"), ("/checks/job", "(unjudgeable)"), ("/checks/other", "up")]
    {
        let answer = server.get(page);
        assert!(answer.status == 200 && answer.text().contains(says), "{page}: {}", answer.text());
    }
    assert!(server.log().contains("panicked at") && server.log().contains("judging a check panicked"));
    // It can be judged by now.
    server.ping("job");
    assert_eq!((health(&server).0, server.value("punctual_checks_unjudgeable")), (200, 0.0));
    assert_eq!(server.sum("punctual_check_unknown", "check=\"job\""), 0);
}
