//! The shipped rules: their own tests, and what an operator expects of a rule.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::dashboards::prometheus_of;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::prometheus::{Prometheus, promtool};
use crate::support::punctual::Punctual;
use crate::support::sink::{Answer, WebhookSink};

pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// Every alerting rule of both files.
pub(crate) fn rules() -> Vec<Value> {
    let mut rules = Vec::new();
    for file in yaml_files("alerts") {
        let text = std::fs::read_to_string(&file).unwrap();
        let parsed: Value = serde_yaml::from_str(&text).unwrap();
        for group in parsed["groups"].as_array().unwrap() {
            rules.extend(group["rules"].as_array().unwrap().iter().cloned());
        }
    }
    assert!(rules.len() > 10, "{} rules", rules.len());
    rules
}

/// Late, failing, never seen, unknown, muted, severity, rollouts; and everything about punctual itself.
#[test]
fn the_rules_pass_their_tests() {
    let tests = yaml_files("alerts/tests");
    let mut arguments = vec!["test", "rules"];
    arguments.extend(tests.iter().map(|path| path.to_str().unwrap()));
    let (passed, said) = promtool(&arguments);
    assert!(passed, "{said}");
}

#[test]
fn every_rule_is_tested() {
    let tests: String =
        yaml_files("alerts/tests").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for rule in rules() {
        let alert = rule["alert"].as_str().unwrap();
        let fires = format!("alertname: {alert}\n        exp_alerts:");
        assert!(tests.contains(&fires), "no test in alerts/tests expects {alert}");
    }
}

#[test]
fn rules_say_what_is_wrong_and_what_to_do() {
    let runbooks = std::fs::read_to_string(repository("docs/runbooks.md")).unwrap();
    let headings: BTreeSet<&str> = runbooks.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut alerts = BTreeSet::new();
    for rule in rules() {
        let alert = rule["alert"].as_str().unwrap().to_owned();
        assert!(alert.starts_with("Punctual"), "{alert}");
        assert!(headings.contains(alert.as_str()), "docs/runbooks.md has no `## {alert}`");
        let annotation = |name: &str| rule["annotations"][name].as_str().unwrap_or_default().to_owned();
        let url = format!("/runbook#{}", alert.to_lowercase());
        assert!(annotation("runbook_url").contains(&url), "{alert}");
        assert!(annotation("description").len() > 20, "{alert}");
        let summary = annotation("summary");
        let severity = rule["labels"]["severity"].as_str().unwrap();
        let of_checks = alert.starts_with("PunctualCheck") && alert != "PunctualChecksDropped";
        let of_what = summary.strip_prefix("{{ $labels.check }} ").filter(|_| of_checks);
        assert_eq!(of_what.is_some(), of_checks, "{alert}: a summary names the check");
        let said = of_what.unwrap_or(&summary);
        assert!(said.ends_with('.') && !said.contains("{{"), "{alert}: a summary is a static sentence");
        let expected: &[&str] = if of_checks {
            &["{{ with $labels.severity }}{{ . }}{{ else }}warning{{ end }}"]
        } else {
            &["critical", "warning", "info"]
        };
        assert!(expected.contains(&severity), "{alert}: {severity}");
        alerts.insert(alert);
    }
    let headings: BTreeSet<String> = headings.into_iter().map(str::to_owned).collect();
    assert_eq!(headings, alerts, "docs/runbooks.md has a heading for each alert, and no other");
}

/// Waits until the rule sees it in real metrics; how long it then waits before it fires is tested by promtool.
fn wait_for_alert(prometheus: &Prometheus, name: &str) {
    let is_it = |alert: &Value| alert["labels"]["alertname"] == name;
    wait_until(name, PATIENCE, || prometheus.alerts().iter().any(is_it));
}

#[test]
fn a_reload_that_failed_is_seen_by_its_rule() {
    let punctual = Punctual::start("checks: []");
    punctual.write_config("checks: [{name: a}]");
    assert_eq!(punctual.reload().status, 500);
    // One that had seen it well would wait for five minutes.
    wait_for_alert(&prometheus_of(&punctual), "PunctualReloadFailed");
}

#[test]
fn a_delivery_that_is_given_up_is_seen_by_its_rule() {
    let sink = WebhookSink::start();
    sink.answer_with(Answer::Status(400));
    let url = sink.url();
    let punctual = Punctual::start(&format!(
        "receivers: [{{name: sink, webhook: {{url: '{url}'}}, group_wait: 0s}}]\n\
         default_receivers: [sink]\nchecks: [{{name: a, every: 1h}}]"
    ));
    let prometheus = prometheus_of(&punctual);
    prometheus.wait_for_series("punctual_deliveries_parked == 0");
    punctual.ping("a/fail");
    wait_for_alert(&prometheus, "PunctualDeliveriesParked");
}

#[test]
fn a_new_database_is_seen_by_its_rule() {
    let mut punctual = Punctual::start("checks: []");
    let prometheus = prometheus_of(&punctual);
    prometheus.wait_for_series("punctual_database_created_timestamp_seconds");
    punctual.kill9();
    punctual.start_again();
    prometheus.wait_for_series("changes(process_start_time_seconds{job=\"punctual\"}[1m]) > 0");
    let said = |alert: &Value| alert["labels"]["alertname"] == "PunctualDatabaseNew";
    assert!(!prometheus.alerts().iter().any(said), "a restart is none");
    punctual.kill9();
    std::fs::remove_dir_all(punctual.data()).unwrap();
    punctual.start_again();
    wait_for_alert(&prometheus, "PunctualDatabaseNew");
}
