use std::fmt::Write as _;
use std::path::Path;

use crate::metrics::{METRICS, Metric, MetricKind};

/// `docs/metrics.md` is generated from the table of metrics.
#[test]
fn the_reference_has_every_metric() {
    let text = reference();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if std::fs::read_to_string(root.join("docs/metrics.md")).ok().as_deref() != Some(&text) {
        std::fs::create_dir_all(root.join("target")).expect("target can be made");
        std::fs::write(root.join("target/metrics.md"), &text).expect("target can be written");
        panic!("docs/metrics.md is not of this table: cp target/metrics.md docs/");
    }
}

const HEAD: &str = "\
# Metrics

`GET /metrics` answers in Prometheus' text format 0.0.4 or OpenMetrics 1.0.0, by the Accept header, and with gzip where the
client accepts it:

```yaml
scrape_configs:
  - job_name: punctual
    static_configs: [{targets: [\"127.0.0.1:19099\"]}]
rule_files: [alerts/punctual-self.rules.yaml, alerts/punctual-checks.rules.yaml]
```

Every declared check is always exported, even if it never pinged. Lateness is computed by punctual at each scrape. So no job
needs a threshold or an `absent()` of its own. A check that is no longer declared is gone at the next scrape.

- `alerts/punctual-self.rules.yaml` watches punctual itself: load it always.
- `alerts/punctual-checks.rules.yaml` has one rule for all checks: load it if Prometheus raises the alerts, and not together with
  `alerting` in the configuration.
- `docs/runbooks.md` says what to do about each alert, and is the page `/runbook`. Alerts link to it; a check's alerts also link
  to its page and its `runbook_url`. The links use `--web.external-url`; the rule files need no editing.
  `promtool test rules alerts/tests/*.yaml` tests them.
- The rules skip what is muted, quiet, paused or marked wont-fix. They know nothing of `depends_on` and `incidents ack`, which
  hold messages and pushed alerts: where Prometheus tells people, use Alertmanager's inhibition and silences. (An alert that
  left the rule on acknowledgement would look resolved.) `punctual_check_acknowledged` says who is on what:
  `punctual_check_failing == 1 unless punctual_check_acknowledged == 1` is what still needs somebody.
- `dashboards/` has three for Grafana: all checks with their states over time, one check, and punctual itself. They use the time
  zone of the dashboard or of its viewer, and link to a check's page and its runbook.
- `/metrics?shard=2/4` answers the second of four parts of the checks, for a server with so many that one scrape takes too
  long (10,000 checks are 26 MB, 1.3 MB by gzip, and 10 ms of a processor). A check stays in its part; what is not of a
  check is in the first. Scrape all parts, with a label of its own for each (`shard`), as targets of one job.
- Several servers may share a Prometheus and these rules. Two that have checks of the same name need jobs of their own, or
  a target label that tells them apart.
- The rules ignore the target labels `instance`, `pod` and `shard`, so that an alert stays the same over a rollout. Give
  targets no other label that changes with one.

";

fn reference() -> String {
    let mut text = HEAD.to_owned();
    let (checks, others): (Vec<&Metric>, Vec<&Metric>) =
        METRICS.iter().partition(|metric| metric.labels().contains(&"check"));
    let sections = [
        (
            "Per check",
            "Each has the labels `check`, `group` where there is one, and the check's own. Each metric that is 0 or 1 is \
             independent of the others: a check can be late and failing. Times are seconds since the epoch.",
            checks,
        ),
        (
            "Of the server",
            "`process_cpu_seconds_total`, `process_resident_memory_bytes` and the other `process_*` are there as well. Stored \
             values carry the label `database`, an ID that survives restarts and rollouts and changes with a new database.",
            others,
        ),
    ];
    for (title, about, metrics) in sections {
        let _ = write!(text, "## {title}\n\n{about}\n\n| metric | type | labels | |\n|---|---|---|---|\n");
        for metric in metrics {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                metric.name,
                kind(metric),
                labels(metric),
                metric.help
            );
        }
        text.push('\n');
    }
    text.pop();
    text
}

fn kind(metric: &Metric) -> &'static str {
    match metric.kind {
        MetricKind::Gauge => "gauge",
        MetricKind::Counter => "counter",
        MetricKind::Histogram => "histogram",
        MetricKind::Info => "info",
    }
}

/// The labels that not every metric of the section has.
fn labels(metric: &Metric) -> String {
    let labels = metric.labels().into_iter().filter(|label| !["check", "group", "*", "le"].contains(label));
    labels.map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ")
}
