//! `/metrics` as Prometheus' own tools see it.

use std::process::Stdio;

use crate::dashboards::punctual_with_everything;
use crate::support::process::{PATIENCE, tool, wait_until};
use crate::support::punctual::{Punctual, punctual as command};

/// What `promtool check metrics` says of this text: nothing, if it is content.
fn promtool_says(text: &[u8]) -> String {
    let mut command = tool("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = command.spawn().unwrap();
    std::io::Write::write_all(&mut promtool.stdin.take().unwrap(), text).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    if output.status.success() { said } else { format!("{said}({})", output.status) }
}

#[test]
fn promtool_finds_nothing_to_say() {
    let (punctual, _sink) = punctual_with_everything();
    let answer = punctual.get("/metrics");
    assert!(answer.text().contains("punctual_check_problem{"), "{}", answer.text());
    assert_eq!(promtool_says(&answer.body), "");
    // It would say something.
    let bad = b"# TYPE punctual_things_total gauge\npunctual_things_total 1\n";
    assert!(promtool_says(bad).contains("punctual_things_total"), "{}", promtool_says(bad));
}

/// Rules compare each database with itself.
#[test]
fn the_database_has_the_same_number_after_a_restart_and_a_new_one_has_another() {
    let database = |punctual: &Punctual| {
        let metrics = punctual.get("/metrics").text();
        let start = "punctual_deliveries_parked{database=\"";
        let line = metrics.lines().find_map(|line| line.strip_prefix(start)).expect("it is stored");
        line.split('"').next().expect("the label ends").to_owned()
    };
    let mut punctual = Punctual::start("checks: []");
    let first = database(&punctual);
    assert_eq!(first.len(), 16, "{first}");
    punctual.kill9();
    punctual.start_again();
    assert_eq!(database(&punctual), first);
    punctual.kill9();
    std::fs::remove_dir_all(punctual.data()).unwrap();
    punctual.start_again();
    assert_ne!(database(&punctual), first);
}

/// §4 of the operator's reading: what was missing in the metrics.
#[test]
fn the_metrics_tell_who_is_on_what_and_what_waits_for_whom() {
    let receivers = "{name: ops, webhook: {url: \"http://127.0.0.1:1/\"}, group_wait: 1h}";
    let config = format!(
        "receivers: [{receivers}]\ndefault_receivers: [ops]\n\
         checks: [{{name: a, every: 1h}}, {{name: b, every: 1h}}, {{name: c, every: 1h}}]\n"
    );
    let punctual = Punctual::start(&config);
    let gauge = |metric: &str, label: &str| punctual.values(metric, label).iter().sum::<f64>();
    assert_eq!(gauge("punctual_deliveries_waiting", "receiver=\"ops\""), 0.0);
    for name in ["a", "b", "c"] {
        punctual.ping(&format!("{name}/fail"));
    }
    let data = punctual.data();
    for (stance, name) in [("ack", "a"), ("wont-fix", "b")] {
        let storage = data.to_str().unwrap();
        let (is_done, said) = command(&["incidents", stance, name, "--by", "ann", "--storage.path", storage]);
        assert!(is_done, "{said}");
    }
    let standing = |standing: &str| gauge("punctual_incidents", &format!("standing=\"{standing}\""));
    assert_eq!(["open", "acknowledged", "wont_fix"].map(standing), [1.0, 1.0, 1.0]);
    let acknowledged = |check: &str| gauge("punctual_check_acknowledged", &format!("check=\"{check}\""));
    assert_eq!(["a", "b", "c"].map(acknowledged), [1.0, 0.0, 0.0]);
    // What was acknowledged or is not to be fixed waits for nobody any more.
    assert_eq!(gauge("punctual_deliveries_waiting", "receiver=\"ops\""), 1.0);
    punctual.ping("a");
    assert_eq!((acknowledged("a"), standing("acknowledged")), (0.0, 0.0));
    wait_until("a look at the file", PATIENCE, || {
        gauge("punctual_database_bytes", "database") + gauge("punctual_wal_bytes", "database") > 8192.0
    });
    punctual.write_config("x: 1");
    assert_eq!(punctual.reload().status, 500);
    let reloads = |outcome: &str| gauge("punctual_config_reloads_total", &format!("outcome=\"{outcome}\""));
    assert_eq!((reloads("taken"), reloads("refused")), (1.0, 1.0));
    // The receiver is gone: what waits for it does so all the same.
    punctual.write_config("checks: [{name: a, every: 1h}, {name: b, every: 1h}, {name: c, every: 1h}]\n");
    assert_eq!(punctual.reload().status, 200);
    assert_eq!(reloads("taken"), 2.0);
}
