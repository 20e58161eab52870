//! The shipped dashboards: what an operator expects of one, and that every query answers.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Value, json};

use crate::alerts::{repository, rules};
use crate::support::process::{PATIENCE, wait_for};
use crate::support::prometheus::{Prometheus, Sample, Setup};
use crate::support::punctual::{Punctual, punctual as command};
use crate::support::sink::WebhookSink;

fn dashboards() -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(repository("dashboards")).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["punctual-check.json", "punctual-overview.json", "punctual-self.json"]);
    let read = |name: String| {
        let text = std::fs::read_to_string(repository("dashboards").join(&name)).unwrap();
        (name, serde_json::from_str(&text).unwrap())
    };
    names.into_iter().map(read).collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Panels that show something: all but rows.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    array(&dashboard["panels"]).iter().filter(|panel| panel["type"] != "row")
}

/// Every expression with the title of its panel.
fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for panel in panels(dashboard) {
        let targets = array(&panel["targets"]);
        assert!(!targets.is_empty(), "{panel:#}");
        let title = text(&panel["title"]);
        found.extend(targets.iter().map(|target| (title.to_owned(), text(&target["expr"]).to_owned())));
    }
    found
}

#[test]
fn dashboards_are_as_grafana_wants_them() {
    for (file, dashboard) in dashboards() {
        let uid = text(&dashboard["uid"]);
        assert_eq!(format!("{uid}.json"), file);
        assert!(dashboard.get("id").is_none(), "{file}: an id belongs to one Grafana");
        assert!(text(&dashboard["title"]).starts_with("Punctual / "), "{file}");
        assert_eq!(dashboard["schemaVersion"], 39, "{file}");
        assert_eq!(dashboard["timezone"], "", "{file}: the zone of whoever looks");
        assert_eq!(dashboard["graphTooltip"], 1, "{file}: a shared crosshair");
        let mut ids = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in array(&dashboard["panels"]) {
            let title = text(&panel["title"]);
            assert!(!title.is_empty() && ids.insert(panel["id"].as_u64().unwrap()), "{file}: {title}");
            let at = |name: &str| panel["gridPos"][name].as_u64().unwrap();
            for (x, y) in
                (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
            {
                assert!(x < 24 && taken.insert((x, y)), "{file}: {title} covers another panel at {x}, {y}");
            }
        }
        let source = json!({"type": "prometheus", "uid": "${datasource}"});
        for panel in panels(&dashboard) {
            let title = text(&panel["title"]);
            assert!(text(&panel["description"]).ends_with('.'), "{file}: {title} has a description");
            assert!(
                !text(&panel["fieldConfig"]["defaults"]["unit"]).is_empty(),
                "{file}: {title} has a unit"
            );
            assert_eq!(panel["datasource"], source, "{file}: {title}");
            let targets = array(&panel["targets"]);
            assert!(targets.iter().all(|target| target["datasource"] == source), "{file}: {title}");
            let refs: BTreeSet<&str> = targets.iter().map(|target| text(&target["refId"])).collect();
            assert_eq!(refs.len(), targets.len(), "{file}: {title}: one refId for each target");
        }
    }
}

/// A link's `${__data.fields.NAME}` is a label that the panel's query answers and that no transformation takes away.
#[test]
fn a_check_in_a_dashboard_leads_to_its_page_and_its_runbook() {
    let field = Regex::new(r"\$\{__data\.fields\.(\w+)\}").unwrap();
    let mut leading = Vec::new();
    for (file, dashboard) in dashboards() {
        for panel in panels(&dashboard) {
            let overrides = array(&panel["fieldConfig"]["overrides"]);
            let properties = |of: &Value| array(&of["properties"]).to_vec();
            let links = overrides.iter().flat_map(properties).filter(|property| property["id"] == "links");
            let links: Vec<Value> = links.flat_map(|property| array(&property["value"]).to_vec()).collect();
            let urls: Vec<&str> = links.iter().map(|link| text(&link["url"])).collect();
            let gone = &panel["transformations"][0]["options"]["excludeByName"];
            for url in &urls {
                for found in field.captures_iter(url) {
                    let label = &found[1];
                    let by = Regex::new(&format!(r"(by|group_left) \([^)]*\b{label}\b")).unwrap();
                    assert!(by.is_match(text(&panel["targets"][0]["expr"])), "{file}: {url}");
                    assert_eq!(gone[label], Value::Null, "{file}: {url}");
                }
            }
            if urls.contains(&"${__data.fields.url}/checks/${__data.fields.check}") {
                let runbook = overrides.iter().find(|of| of["matcher"]["options"] == "runbook_url").unwrap();
                assert_eq!(runbook["properties"][0]["value"][0]["url"], "${__value.raw}", "{file}");
                leading.push(text(&panel["title"]).to_owned());
            }
        }
    }
    assert_eq!(leading, ["Declared", "What is wrong now"]);
}

#[test]
fn dashboards_use_their_variables() {
    let selector = Regex::new(r"[a-z_]+\{[^}]*\}").unwrap();
    let fixed_range = Regex::new(r"(?:rate|increase)\([^)]*\[\d").unwrap();
    for (file, dashboard) in dashboards() {
        let variables = array(&dashboard["templating"]["list"]);
        let names: Vec<&str> = variables.iter().map(|variable| text(&variable["name"])).collect();
        assert_eq!(names[..3], ["datasource", "job", "instance"], "{file}");
        let expressions = expressions(&dashboard);
        for name in &names[1..] {
            let uses = format!("{name}=~\"${name}\"");
            assert!(expressions.iter().any(|(_, expr)| expr.contains(&uses)), "{file}: nobody uses ${name}");
        }
        for variable in variables.iter().filter(|variable| variable["type"] == "query") {
            let name = text(&variable["name"]);
            assert_eq!(variable["refresh"], 2, "{file}: ${name} follows the time");
            let all = &variable["allValue"];
            assert!(variable["multi"] == false || all == ".+" || all == ".*", "{file}: ${name}: {all}");
        }
        for (title, expr) in expressions {
            let selectors: Vec<&str> = selector.find_iter(&expr).map(|found| found.as_str()).collect();
            assert!(!selectors.is_empty(), "{file}: {title}: {expr}");
            for selector in selectors {
                let of_instance = selector.contains("job=~\"$job\",instance=~\"$instance\"");
                assert!(of_instance, "{file}: {title}: {selector}");
            }
            assert!(!fixed_range.is_match(&expr), "{file}: {title}: use $__rate_interval");
        }
    }
}

const CONFIG: &str = r#"
receivers:
  - {name: sink, webhook: {url: "SINK"}, group_wait: 1s}
default_receivers: [sink]
# Nobody listens there: pushes fail, and are counted.
alerting: {alertmanagers: [{url: "http://127.0.0.1:1"}]}
check_files: [checks.yaml]
"#;

const CHECKS: &str = r#"
group: databases
labels: {team: dba}
checks:
  - {name: never, every: 1s, grace: 0s, labels: {severity: critical}, runbook_url: "https://wiki.example.org/never"}
  - {name: backup, cron: "0 2 * * *", timezone: Europe/Berlin, title: Nightly backup, max_runtime: 1h}
  - {name: etl, every: 1h}
  - {name: busy, expect: {at_least: 1, at_most: 100, within: 1h}}
  - {name: off, every: 1h, paused: true}
  - {name: detected, detect: {reported: {}, remember: 7d}}
"#;

/// A server that has something of everything to show: late, failing, paused, with runs, told to a receiver.
pub(crate) fn punctual_with_everything() -> (Punctual, WebhookSink) {
    let sink = WebhookSink::start();
    let mut punctual = Punctual::new(&CONFIG.replace("SINK", &sink.url()));
    std::fs::write(punctual.folder().join("checks.yaml"), CHECKS).unwrap();
    punctual.start_again();
    for ping in ["backup/start", "backup/0", "etl/3", "busy", "busy/log"] {
        punctual.ping(ping);
    }
    sink.received.wait_for_count("a message", PATIENCE, 1);
    (punctual, sink)
}

/// Scrapes it and evaluates the shipped rules.
pub(crate) fn prometheus_of(punctual: &Punctual) -> Prometheus {
    let rules = ["alerts/punctual-checks.rules.yaml", "alerts/punctual-self.rules.yaml"].map(repository);
    Prometheus::start(&Setup {
        scrape: &[punctual.port()],
        rule_files: &[&rules[0], &rules[1]],
        ..Setup::default()
    })
}

/// An expression as Grafana asks it, with `All` of what is not given.
fn filled(expression: &str, job: &str, check: &str) -> String {
    let mut query = expression.to_owned();
    for (variable, value) in [
        ("$job", job),
        ("$instance", ".+"),
        ("$group", ".*"),
        ("$check", check),
        ("$__rate_interval", "1m"),
        ("$__range", "5m"),
    ] {
        query = query.replace(variable, value);
    }
    assert!(!query.contains('$'), "{query}");
    query
}

/// Asks all at once and again until each has an answer; what never had one is named.
fn all_answer(prometheus: &Prometheus, mut queries: BTreeSet<(String, String)>) {
    assert!(!queries.is_empty());
    let mut rest = String::new();
    let deadline = std::time::Instant::now() + PATIENCE;
    while !queries.is_empty() {
        queries.retain(|(_, query)| prometheus.query(query).is_empty());
        rest = queries.iter().map(|(title, query)| format!("{title}: {query}\n")).collect();
        assert!(std::time::Instant::now() < deadline, "no answer to:\n{rest}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(rest, "");
}

#[test]
fn every_query_of_a_dashboard_and_a_rule_answers() {
    let (punctual, _sink) = punctual_with_everything();
    let prometheus = prometheus_of(&punctual);
    let variables = Regex::new(r"\$\w+").unwrap();
    let mut queries = BTreeSet::new();
    for (file, dashboard) in dashboards() {
        for (title, expr) in expressions(&dashboard) {
            let check = if file == "punctual-check.json" && expr.contains("expect") { "busy" } else { ".+" };
            let query = filled(&expr, ".+", check);
            queries.insert((format!("{file}: {title}"), query));
        }
        for variable in array(&dashboard["templating"]["list"]) {
            let query = text(&variable["query"]["query"]);
            if let Some(inner) = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')) {
                let (selector, label) = inner.rsplit_once(", ").unwrap();
                let selector = variables.replace_all(selector, ".+");
                let query = format!("count by ({label}) ({selector})");
                queries.insert((format!("{file}: ${}", text(&variable["name"])), query));
            }
        }
    }
    let selector = Regex::new(r"punctual_[a-z_]+(?:\{[^}]*\})?").unwrap();
    for rule in rules() {
        for found in selector.find_iter(text(&rule["expr"])) {
            queries.insert((text(&rule["alert"]).to_owned(), found.as_str().to_owned()));
        }
        // Most have nothing to say here; none may be refused.
        prometheus.query(text(&rule["expr"]));
    }
    all_answer(&prometheus, queries);
}

/// What a table shows of a check: also where one of its parts was joined from elsewhere.
#[test]
fn what_is_wrong_is_shown_with_who_is_on_it_and_where_to_read_on() {
    let (punctual, _sink) = punctual_with_everything();
    let data = punctual.data();
    let (is_done, said) =
        command(&["incidents", "ack", "etl", "--by", "ann", "--storage.path", data.to_str().unwrap()]);
    assert!(is_done, "{said}");
    let prometheus = prometheus_of(&punctual);
    let (_, dashboard) = dashboards().into_iter().find(|(file, _)| file == "punctual-overview.json").unwrap();
    let (_, expr) =
        expressions(&dashboard).into_iter().find(|(title, _)| title == "What is wrong now").unwrap();
    let shown = wait_for("both checks", PATIENCE, || {
        Some(prometheus.query(&filled(&expr, ".+", ".+"))).filter(|samples| samples.len() == 2)
    });
    for sample in shown {
        let label = |name: &str| sample.labels.get(name).map_or("", String::as_str);
        let expected = match label("check") {
            "etl" => (2.0, "failed", ""),
            _ => (1.0, "never_seen", "https://wiki.example.org/never"),
        };
        assert_eq!((sample.value, label("reason"), label("runbook_url")), expected, "{sample:?}");
        assert_eq!(label("url"), punctual.url(""));
    }
}

/// Its variables default to All, which is everything that Prometheus scrapes: here Prometheus itself.
#[test]
fn the_dashboard_of_punctual_shows_nothing_else() {
    let (punctual, _sink) = punctual_with_everything();
    let prometheus = prometheus_of(&punctual);
    for job in ["prometheus", "punctual"] {
        prometheus.wait_for_series(&format!("rate(process_cpu_seconds_total{{job=\"{job}\"}}[1m])"));
    }
    let (_, dashboard) = dashboards().into_iter().find(|(file, _)| file == "punctual-self.json").unwrap();
    for (title, expr) in expressions(&dashboard) {
        let of = |job| prometheus.query(&filled(&expr, job, ".+"));
        let (all, ours) = (of(".+"), of("punctual"));
        let series =
            |samples: &[Sample]| samples.iter().map(|sample| sample.labels.clone()).collect::<Vec<_>>();
        assert_eq!(series(&all), series(&ours), "{title}: {expr}");
        if ["Up", "Running since"].contains(&title.as_str()) {
            assert_eq!(all, ours, "{title}: {expr}");
        }
    }
}

#[test]
fn the_rules_tell_of_what_is_wrong_and_of_nothing_else() {
    let (punctual, _sink) = punctual_with_everything();
    let prometheus = prometheus_of(&punctual);
    let firing = wait_for("both alerts", PATIENCE, || {
        let mut alerts = prometheus.alerts();
        // Before its first scrape, Prometheus sees nothing of us.
        alerts.retain(|alert| alert["state"] == "firing");
        Some(alerts).filter(|alerts| alerts.len() >= 2)
    });
    let said: BTreeSet<(&str, &str, &str, &str)> = firing
        .iter()
        .map(|alert| {
            let label = |name: &str| text(&alert["labels"][name]);
            (
                label("alertname"),
                label("check"),
                label("severity"),
                text(&alert["annotations"]["description"]),
            )
        })
        .collect();
    let late = "never is late: never_seen. never; expected: every 1s. It never succeeded.";
    let failing = "etl is failing: failed. etl. Last exit status: 3.";
    let expected = BTreeSet::from([
        ("PunctualCheckLate", "never", "critical", late),
        ("PunctualCheckFailing", "etl", "warning", failing),
    ]);
    assert_eq!(said, expected, "{firing:#?}");
    let never = firing.iter().find(|alert| alert["labels"]["check"] == "never").unwrap();
    assert_eq!(never["annotations"]["runbook_url"], "https://wiki.example.org/never");
    assert_eq!(never["annotations"]["page_url"], punctual.url("/checks/never"));
    let labels = &never["labels"];
    assert_eq!((&labels["team"], &labels["group"]), (&json!("dba"), &json!("databases")));
    assert!(labels.get("instance").is_none(), "{labels}");

    let groups = prometheus.api("rules", &[]);
    for rule in array(&groups["groups"]).iter().flat_map(|group| array(&group["rules"])) {
        assert_eq!(rule["health"], "ok", "{rule:#}");
    }
    let samples: Vec<Sample> = prometheus.query("scrape_samples_scraped{job=\"punctual\"}");
    assert!(samples[0].value > 100.0, "{samples:?}");
}
