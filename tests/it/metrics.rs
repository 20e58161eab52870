//! `/metrics` as Prometheus' own tools see it.

use std::process::Stdio;

use crate::dashboards::punctual_with_everything;
use crate::support::process::tool;

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
