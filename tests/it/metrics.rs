//! `/metrics` as Prometheus' own tools see it.

use std::process::Stdio;

use crate::dashboards::punctual_with_everything;
use crate::support::process::tool;
use crate::support::punctual::Punctual;

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
