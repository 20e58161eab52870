//! What a query of our own finds is records (17.13a, 17.14a, 17.16): an incident for each row, told together.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http;
use crate::support::process::{PATIENCE, free_port, wait_until};
use crate::support::prometheus::{Prometheus, Setup};
use crate::support::punctual::Punctual;
use crate::support::sink::WebhookSink;

/// A database of an application, beside which punctual looks at it.
struct Application {
    folder: TempDir,
    writer: rusqlite::Connection,
}

impl Application {
    /// With profiles of which those up to `without` have no picture, and joined ten days ago.
    fn new(profiles: usize, without: usize) -> Application {
        let folder = tempfile::tempdir().unwrap();
        let writer = rusqlite::Connection::open(folder.path().join("app.db")).unwrap();
        writer
            .execute_batch(&format!(
                "pragma journal_mode = wal;
                 create table profile (id integer primary key, email text, picture text, joined text);
                 with recursive n(i) as (select 1 union all select i + 1 from n where i < {profiles})
                 insert into profile select i, 'user' || i || '@example.org', iif(i <= {without}, null, 'p.png'),
                   datetime('now', '-10 days') from n;"
            ))
            .unwrap();
        Application { folder, writer }
    }

    fn execute(&self, sql: &str) {
        self.writer.execute_batch(sql).unwrap();
    }

    /// django-issue's README: every profile without a picture after 5 days.
    fn config(&self, more: &str) -> String {
        format!(
            "databases: [{{name: app, sqlite: {{path: '{}'}}}}]\n\
             checks:\n  - name: pictures\n    every: 1s\n    assert:\n      max_records: 2000\n      {more}\
             sql:\n        database: app\n        title: '{{email}} has no picture'\n        query: |\n          \
             select id, email from profile where picture is null and joined < datetime('now', '-5 days')\n",
            self.folder.path().join("app.db").display()
        )
    }
}

fn open_records(server: &Punctual) -> Value {
    server.get("/api/v1/checks/pictures").json()["records"].take()
}

fn wait_for_records(server: &Punctual, count: usize) {
    wait_until(&format!("{count} records"), PATIENCE, || open_records(server) == json!(count));
}

fn causes(server: &Punctual, name: &str) -> Vec<String> {
    let shown = server.get(&format!("/api/v1/checks/{name}")).json();
    let kind = |cause: &Value| cause["kind"].as_str().unwrap().to_owned();
    shown["causes"].as_array().unwrap().iter().map(kind).collect()
}

/// 18.3, 12.3: every profile without a picture after five days, each an incident, and each is over by itself.
#[test]
fn every_profile_without_a_picture_is_an_incident_until_it_has_one() {
    let app = Application::new(5, 3);
    app.execute("update profile set joined = datetime('now', '-1 day') where id = 3");
    let sink = WebhookSink::start();
    let server = Punctual::start(&format!(
        "receivers: [{{name: hook, group_wait: 0s, webhook: {{url: '{}'}}}}]\ndefault_receivers: [hook]\n{}",
        sink.url(),
        app.config("")
    ));
    wait_for_records(&server, 2);
    let told = sink.received.wait_for_count("that they began", PATIENCE, 1)[0].json();
    let annotations = &told["alerts"][0]["annotations"];
    assert_eq!(annotations["records"], "2 new, 2 open", "{told}");
    let list = annotations["record_list"].as_str().unwrap();
    assert!(list.contains("user1@example.org has no picture (1)") && list.contains("user2@"), "{list}");
    let page = server.get("/checks/pictures/records").text();
    assert!(page.contains("user1@example.org has no picture") && !page.contains("user3@"), "{page}");
    app.execute("update profile set picture = 'p.png' where id = 1");
    let told = sink.received.wait_for_count("that one is over", PATIENCE, 2)[1].json();
    assert_eq!(told["alerts"][0]["annotations"]["records"], "1 open, 1 over", "{told}");
    app.execute("update profile set picture = 'p.png'");
    wait_for_records(&server, 0);
    let told = sink.received.wait_for_count("that all are over", PATIENCE, 3)[2].json();
    assert_eq!(told["status"], "resolved", "{told}");
    assert_eq!(server.get("/api/v1/checks/pictures").json()["status"], "up");
    // What a row says is kept with its record, and no second time as a text.
    let pings = server.get("/api/v1/checks/pictures/pings?limit=100").json();
    let violated = pings["pings"].as_array().unwrap().iter().find(|ping| ping["result"] == "violated");
    let violated = violated.expect("there was one");
    assert!(violated["comment"].as_str().unwrap().contains("has no picture"), "{violated}");
    assert_eq!(violated["has_body"], false, "{violated}");
}

/// 18.7, T12: more than one transaction stores, and the server is killed in between.
#[test]
fn thousands_of_rows_are_all_there_after_a_kill() {
    let app = Application::new(1_500, 1_500);
    let mut server = Punctual::start(&app.config(""));
    wait_until("some records", PATIENCE, || open_records(&server) != json!(0));
    server.kill9();
    server.start_again();
    wait_for_records(&server, 1_500);
    app.execute("update profile set picture = 'p.png' where id > 700");
    wait_for_records(&server, 700);
    let incidents = server.get("/api/v1/checks/pictures/records?limit=1000").json();
    let mut keys: Vec<u32> = incidents["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["key"].as_str().unwrap().parse().unwrap())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, (1..=700).collect::<Vec<_>>());
}

/// 18.6, T11
#[test]
fn too_many_rows_begin_and_end_nothing() {
    let app = Application::new(50_000, 300);
    let server = Punctual::start(&app.config(""));
    wait_for_records(&server, 300);
    app.execute("update profile set picture = null");
    wait_until("too many", PATIENCE, || causes(&server, "pictures").contains(&"too_many_records".to_owned()));
    assert_eq!(open_records(&server), 300);
    app.execute("update profile set picture = iif(id <= 340, null, 'p.png')");
    wait_for_records(&server, 340);
    wait_until("they fit", PATIENCE, || causes(&server, "pictures") == ["violated"]);
}

/// 18.3: rows that are about the whole.
#[test]
fn with_records_false_rows_are_the_text_of_the_result() {
    let app = Application::new(3, 2);
    let server =
        Punctual::start(&app.config("records: false\n      ").replace("max_records: 2000\n      ", ""));
    wait_until("it is violated", PATIENCE, || {
        server.get("/api/v1/checks/pictures").json()["status"] == "failing"
    });
    let incidents = server.get("/api/v1/incidents?check=pictures").json();
    let incidents = incidents["incidents"].as_array().unwrap();
    assert_eq!((incidents.len(), &incidents[0]["key"]), (1, &json!("")), "{incidents:?}");
    let newest = server.get("/api/v1/checks/pictures/pings?limit=1").json()["pings"][0].take();
    assert!(newest["comment"].as_str().unwrap().starts_with("2 rows, the first: "), "{newest}");
}

/// 17.7b, 18.8: records of a query that was replaced by another one end as changed, and those of the new one begin.
#[test]
fn another_query_has_other_records() {
    let app = Application::new(4, 2);
    let server = Punctual::start(&app.config(""));
    wait_for_records(&server, 2);
    server.write_config(&app.config("").replace("picture is null and", "id > 1 and"));
    assert_eq!(server.reload().status, 200);
    wait_for_records(&server, 3);
    let incidents = server.get("/api/v1/incidents?check=pictures").json();
    let ended = incidents["incidents"].as_array().unwrap().iter().find(|incident| incident["key"] == "1");
    assert!(!ended.expect("it was one")["ended_at"].is_null(), "{incidents}");
}

/// 17.5b: a database of the same name that is another one is another thing.
#[test]
fn a_database_that_is_another_one_is_looked_at_at_once() {
    let (staging, production) = (Application::new(4, 2), Application::new(4, 3));
    let rarely = |app: &Application| app.config("").replace("every: 1s", "every: 4m");
    let server = Punctual::start(&rarely(&staging));
    wait_for_records(&server, 2);
    server.write_config(&rarely(&production));
    assert_eq!(server.reload().status, 200);
    wait_for_records(&server, 3);
}

/// 18.2b, 18.6: what is counted is what can be told apart.
#[test]
fn rows_of_one_key_are_one_record() {
    let app = Application::new(5_000, 5_000);
    let query = "select id % 3 as job, email from profile where picture is null -- ";
    let server = Punctual::start(&app.config("").replace("select id, email from", query));
    wait_for_records(&server, 3);
    assert_eq!(causes(&server, "pictures"), ["violated"]);
}

/// 18.3, 17.5b: what was a failure is one all the same where rows are no records any more.
#[test]
fn records_that_are_none_any_more_leave_a_check_that_fails() {
    let app = Application::new(4, 2);
    let rarely = app.config("").replace("every: 1s", "every: 4m");
    let server = Punctual::start(&rarely);
    wait_for_records(&server, 2);
    server.write_config(&rarely.replace("max_records: 2000", "records: false"));
    assert_eq!(server.reload().status, 200);
    wait_until("the check itself fails", PATIENCE, || {
        let incidents = server.get("/api/v1/incidents?check=pictures&ended=false").json();
        let open = incidents["incidents"].as_array().unwrap();
        open.len() == 1 && open[0]["key"] == ""
    });
}

/// 19.1, 19.2: what a query detects happened, is told once, and is no failure of the check.
#[test]
fn what_a_query_detects_is_told_once() {
    let app = Application::new(3, 2);
    let sink = WebhookSink::start();
    let config = app.config("").replace("assert:\n", "detect:\n      remember: 7d\n");
    let server = Punctual::start(&format!(
        "receivers: [{{name: hook, group_wait: 0s, webhook: {{url: '{}'}}}}]\ndefault_receivers: [hook]\n{config}",
        sink.url()
    ));
    let told = sink.received.wait_for_count("that they occurred", PATIENCE, 1)[0].json();
    let annotations = &told["alerts"][0]["annotations"];
    assert_eq!(annotations["records"], "2 occurred", "{told}");
    let shown = server.get("/api/v1/checks/pictures").json();
    assert_eq!((&shown["status"], causes(&server, "pictures").len()), (&json!("up"), 0), "{shown}");
    app.execute("update profile set picture = null where id = 3");
    let told = sink.received.wait_for_count("that one more did", PATIENCE, 2)[1].json();
    assert_eq!(told["alerts"][0]["annotations"]["records"], "1 occurred", "{told}");
    app.execute("delete from profile");
    wait_until("three are remembered", PATIENCE, || {
        server.get("/api/v1/checks/pictures/records").json()["records"].as_array().unwrap().len() == 3
    });
    assert_eq!(sink.received.all().len(), 2, "nothing is over");
}

/// 17.4, T3: twelve are acknowledged, and a Prometheus dies: nothing is known, and nothing is over.
#[test]
fn records_outlast_a_prometheus_that_dies() {
    let mut late = Punctual::new("checks: [{name: a, every: 1h}]\n");
    let ports: Vec<u16> = (0..11).map(|_| free_port()).chain([late.port()]).collect();
    let port = free_port();
    let setup = Setup { scrape: &ports, ..Setup::default() };
    let prometheus = Prometheus::start_at(port, &setup);
    wait_until("all are down", PATIENCE, || prometheus.query("up == 0").len() == 12);
    let server = Punctual::start(&format!(
        "auth: {{anonymous: read, tokens: [{{name: oncall, scope: operate, token: token-that-operates}}]}}\n\
         prometheuses: [{{name: main, url: '{}'}}]\nchecks:\n  \
           - {{name: pictures, every: 1s, assert: {{promql: {{prometheus: main, key: instance, \
               title: '{{instance}} is down', query: 'up{{job=\"punctual\"}} == 0'}}}}}}\n",
        prometheus.url()
    ));
    wait_for_records(&server, 12);
    let request = http::client().post(server.url("/api/v1/incidents/acknowledge"));
    let said = http::send(http::with_json(
        request.bearer_auth("token-that-operates"),
        &json!({"matchers": "check=pictures", "for": "1d"}),
    ));
    assert_eq!((said.status, &said.json()["changed"]), (200, &json!(12)), "{}", said.text());
    let folder = prometheus.kill9();
    wait_until("nobody can tell", PATIENCE, || causes(&server, "pictures").contains(&"unprobed".to_owned()));
    assert_eq!(open_records(&server), 12);
    late.start_again();
    let _prometheus = Prometheus::start_in(folder, port, &setup);
    wait_for_records(&server, 11);
    wait_until("it is known again", PATIENCE, || causes(&server, "pictures") == ["violated"]);
    let ended = server.get("/api/v1/incidents?check=pictures&limit=100").json();
    let is_over =
        |incident: &&Value| !incident["key"].as_str().unwrap().is_empty() && !incident["ended_at"].is_null();
    let over: Vec<&Value> = ended["incidents"].as_array().unwrap().iter().filter(is_over).collect();
    assert_eq!(over.len(), 1, "{ended}");
    assert_eq!(over[0]["key"], format!("127.0.0.1:{}", late.port()), "{ended}");
}
