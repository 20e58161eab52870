//! Real Prometheus and Alertmanager.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::http;
use super::process::{PATIENCE, Process, free_port, run, tool, wait_for};
use super::smtp::Certificates;

/// One series of an instant query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// What a Prometheus watches and whom it tells.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// Ports of 127.0.0.1 that are scraped every second, as job `punctual`.
    pub(crate) scrape: &'a [u16],
    /// More of `scrape_configs`.
    pub(crate) scrape_configs: &'a [Value],
    pub(crate) rule_files: &'a [&'a Path],
    /// Ports of Alertmanagers.
    pub(crate) alertmanagers: &'a [u16],
}

/// Scrapes and evaluates every second; scrapes itself as well, as job `prometheus`.
pub(crate) struct Prometheus {
    port: u16,
    process: Process,
    folder: TempDir,
}

impl Prometheus {
    pub(crate) fn start(setup: &Setup) -> Prometheus {
        Prometheus::start_at(free_port(), setup)
    }

    /// At this port, without a memory.
    pub(crate) fn start_at(port: u16, setup: &Setup) -> Prometheus {
        Prometheus::start_in(TempDir::new().unwrap(), port, setup)
    }

    /// Killed; what it knew is left.
    pub(crate) fn kill9(self) -> TempDir {
        drop(self.process);
        self.folder
    }

    /// At this port, with what another one knew.
    pub(crate) fn start_in(folder: TempDir, port: u16, setup: &Setup) -> Prometheus {
        let addresses =
            |ports: &[u16]| ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>();
        let own = [
            json!({"job_name": "punctual", "static_configs": [{"targets": addresses(setup.scrape)}]}),
            json!({"job_name": "prometheus", "static_configs": [{"targets": addresses(&[port])}]}),
        ];
        let config = json!({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": setup.rule_files,
            "scrape_configs": ([&own, setup.scrape_configs].concat()),
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": addresses(setup.alertmanagers)}]}],
            },
        });
        // JSON is YAML.
        let config_file = folder.path().join("prometheus.yml");
        std::fs::write(&config_file, config.to_string()).unwrap();
        let mut command = tool("prometheus");
        command
            .arg("--config.file")
            .arg(config_file)
            .arg("--storage.tsdb.path")
            .arg(folder.path().join("data"));
        command.args(["--web.listen-address", &format!("127.0.0.1:{port}")]);
        let mut process = Process::start("prometheus", &mut command, folder.path());
        process.wait_until_ready(&format!("http://127.0.0.1:{port}/-/ready"));
        Prometheus { port, process, folder }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `GET /api/v1/…`; the answer's `data`.
    pub(crate) fn api(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url =
            reqwest::Url::parse_with_params(&format!("http://127.0.0.1:{}/api/v1/{path}", self.port), query);
        let answer = http::get(url.unwrap().as_str()).json();
        assert_eq!(answer["status"], "success", "{path} {query:?}: {answer:#}");
        answer["data"].clone()
    }

    /// An instant query that answers series; an expression that it refuses is a failure.
    pub(crate) fn query(&self, expression: &str) -> Vec<Sample> {
        let data = self.api("query", &[("query", expression)]);
        assert_eq!(data["resultType"], "vector", "{expression}: {data:#}");
        let result = data["result"].as_array().unwrap();
        let sample = |series: &Value| Sample {
            labels: serde_json::from_value(series["metric"].clone()).unwrap(),
            value: series["value"][1].as_str().unwrap().parse().unwrap(),
        };
        result.iter().map(sample).collect()
    }

    /// Asks until the query answers at least one series.
    pub(crate) fn wait_for_series(&self, expression: &str) -> Vec<Sample> {
        wait_for(&format!("an answer to {expression}"), PATIENCE, || {
            Some(self.query(expression)).filter(|samples| !samples.is_empty())
        })
    }

    /// The alerts of its own rules, pending and firing.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        self.api("alerts", &[])["alerts"].as_array().unwrap().clone()
    }
}

/// Keeps its port, and on disk its silences, while it is stopped.
pub(crate) struct Alertmanager {
    port: u16,
    tls: Option<Certificates>,
    process: Option<Process>,
    folder: TempDir,
}

impl Alertmanager {
    /// Sends what it is told to this URL at once, or nowhere.
    pub(crate) fn start(webhook: Option<&str>) -> Alertmanager {
        let webhooks: Vec<Value> =
            webhook.iter().map(|url| json!({"url": url, "send_resolved": true})).collect();
        Alertmanager::start_with(&json!({
            "route": {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"},
            "receivers": [{"name": "test", "webhook_configs": webhooks}],
        }))
    }

    /// Tells nobody, and gathers its alerts by their name: a group for each alert would take all of its time.
    pub(crate) fn start_for_many() -> Alertmanager {
        Alertmanager::start_with(&json!({
            "route": {"receiver": "test", "group_by": ["alertname"]},
            "receivers": [{"name": "test"}],
        }))
    }

    fn start_with(config: &Value) -> Alertmanager {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("alertmanager.yml"), config.to_string()).unwrap();
        let mut alertmanager = Alertmanager { port: free_port(), tls: None, process: None, folder };
        alertmanager.start_again();
        alertmanager
    }

    /// Speaks TLS alone, with a certificate of [`Alertmanager::authority`].
    pub(crate) fn start_with_tls() -> Alertmanager {
        let mut alertmanager = Alertmanager::start(None);
        alertmanager.tls = Some(Certificates::make(alertmanager.folder.path()));
        alertmanager.start_again();
        alertmanager
    }

    /// PEM of the authority to trust.
    pub(crate) fn authority(&self) -> String {
        std::fs::read_to_string(&self.tls.as_ref().expect("it speaks TLS").authority).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn start_again(&mut self) {
        self.stop();
        let folder = self.folder.path();
        let mut command = tool("alertmanager");
        command.arg("--config.file").arg(folder.join("alertmanager.yml"));
        command.arg("--storage.path").arg(folder.join("data"));
        // No cluster: it would listen on every address.
        command.arg("--cluster.listen-address=");
        command.args(["--web.listen-address", &format!("127.0.0.1:{}", self.port)]);
        if let Some(Certificates { certificate, key, .. }) = &self.tls {
            let config = json!({"tls_server_config": {"cert_file": certificate, "key_file": key}});
            let file = folder.join("web.yml");
            std::fs::write(&file, config.to_string()).unwrap();
            command.arg("--web.config.file").arg(file);
        }
        let mut process = Process::start("alertmanager", &mut command, folder);
        process.wait_until_ready(&format!("{}/-/ready", self.url()));
        self.process = Some(process);
    }

    /// The alerts it holds to be active, silenced ones too.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        let answer = http::get(&format!("{}/api/v2/alerts", self.url()));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json().as_array().unwrap().clone()
    }

    /// Whether an alert of this check is active.
    pub(crate) fn fires(&self, check: &str) -> bool {
        let filter = [("filter", format!("check=\"{check}\""))];
        let url = reqwest::Url::parse_with_params(&format!("{}/api/v2/alerts", self.url()), &filter);
        !http::get(url.unwrap().as_str()).json().as_array().unwrap().is_empty()
    }

    /// How many alerts are active, by its own metric.
    pub(crate) fn active(&self) -> f64 {
        let metrics = http::get(&format!("{}/metrics", self.url())).text();
        let mut lines = metrics.lines();
        let active = lines.find_map(|line| line.strip_prefix("alertmanager_alerts{state=\"active\"} "));
        active.map_or(0.0, |count| count.parse().unwrap())
    }

    /// What it occupies.
    pub(crate) fn memory_kb(&self) -> u64 {
        let id = self.process.as_ref().expect("it runs").id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Asks until its alerts have an answer.
    pub(crate) fn wait_for_alerts<T>(&self, what: &str, mut ask: impl FnMut(&[Value]) -> Option<T>) -> T {
        wait_for(what, PATIENCE, || ask(&self.alerts()))
    }
}

/// Runs promtool: whether it is content, and what it said.
pub(crate) fn promtool(arguments: &[&str]) -> (bool, String) {
    run(tool("promtool").args(arguments))
}
