//! Looks of punctual's own (17.5 to 17.12): what is looked at is another punctual.

use std::io::{Read as _, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::process::{PATIENCE, free_port, wait_until};
use crate::support::prometheus::{Prometheus, Setup};
use crate::support::punctual::{Punctual, punctual};
use crate::support::smtp::Certificates;
use crate::support::{http, nginx, preload};

fn status(server: &Punctual, name: &str) -> Value {
    server.get(&format!("/api/v1/checks/{name}")).json()["status"].take()
}

fn wait_for_status(server: &Punctual, name: &str, wanted: &str) {
    wait_until(&format!("{name} is {wanted}"), PATIENCE, || status(server, name) == wanted);
}

fn newest_ping(server: &Punctual, name: &str) -> Value {
    server.get(&format!("/api/v1/checks/{name}/pings?limit=1")).json()["pings"][0].take()
}

/// The server that is looked at.
fn target() -> Punctual {
    Punctual::start("checks: [{name: a, every: 1h}]\n")
}

/// 17.1b, 17.12a, 17.12b: from what is well to what is not, and back.
#[test]
fn what_is_looked_at_is_violated_while_it_does_not_answer_as_it_should() {
    let mut target = target();
    let (healthy, api) = (target.url("/-/healthy"), target.url("/api/v1/checks/a"));
    let server = Punctual::start(&format!(
        "checks:\n  \
           - {{name: well, every: 1s, assert: {{http: {{url: '{healthy}', body: 'is healthy'}}}}}}\n  \
           - {{name: status, every: 1s, assert: {{http: {{url: '{healthy}', status: [404, 500-599]}}}}}}\n  \
           - {{name: body, every: 1s, assert: {{http: {{url: '{healthy}', body: broken}}}}}}\n  \
           - {{name: value, every: 1s, assert: {{http: {{url: '{api}', json: [{{pointer: /status, equals: up}}]}}}}}}\n  \
           - {{name: not-json, every: 1s, assert: {{http: {{url: '{healthy}', json: [{{pointer: /a, above: 1}}]}}}}}}\n  \
           - {{name: cannot-tell, every: 1s, unknowns_before_alert: 2, assert: {{http: {{url: '{healthy}', unreachable: unknown}}}}}}\n"
    ));
    wait_for_status(&server, "well", "up");
    wait_for_status(&server, "cannot-tell", "up");
    for (name, why) in [
        ("status", "the status is 200"),
        ("body", "the body does not match broken"),
        ("value", "/status is \"new\", not \"up\""),
        ("not-json", "the body is not JSON"),
    ] {
        wait_for_status(&server, name, "failing");
        let newest = newest_ping(&server, name);
        assert_eq!(
            (&newest["kind"], &newest["result"], &newest["comment"], &newest["source"]),
            (&json!("fail"), &json!("violated"), &json!(why), &json!("probe")),
            "{newest}"
        );
    }
    target.ping("a");
    wait_for_status(&server, "value", "up");
    target.kill9();
    wait_for_status(&server, "well", "failing");
    wait_for_status(&server, "cannot-tell", "unknown");
    let incidents = server.get("/api/v1/incidents?check=cannot-tell").json();
    assert_eq!(incidents["incidents"][0]["reason"], "unprobed", "{incidents}");
    target.start_again();
    wait_for_status(&server, "well", "up");
    wait_for_status(&server, "cannot-tell", "up");
    // Nobody else reports it, and nobody pings it.
    let report = http::post_json(&server.url("/api/v1/checks/well/report"), &json!({"result": "holds"}));
    assert_eq!(report.status, 409, "{}", report.text());
    assert_eq!(http::post(&server.url("/ping/well"), "").status, 409);
    assert!(server.sum("punctual_probes_total", "http") > 6);
    assert!(server.get("/checks/well").text().contains("Looked at by punctual"));
}

/// 17.5b, 17.7b: a pause stops looks, and what they find; its end begins them again.
#[test]
fn a_pause_is_looked_over_and_a_kill_too() {
    let target = target();
    let mut server = Punctual::start(&format!(
        "checks: [{{name: well, every: 4m, assert: {{http: {{url: '{}'}}}}}}]\n",
        target.url("/-/healthy")
    ));
    wait_for_status(&server, "well", "up");
    let first = newest_ping(&server, "well")["id"].clone();
    let data = server.data().display().to_string();
    assert!(punctual(&["pause", "well", "--storage.path", &data]).0);
    server.kill9();
    server.start_again();
    assert_eq!(status(&server, "well"), "paused");
    assert_eq!(newest_ping(&server, "well")["id"], first, "a result is there since the last due time");
    assert!(punctual(&["unpause", "well", "--storage.path", &data]).0);
    assert_eq!(status(&server, "well"), "up");
    // Long before it is due: what holds may have changed in the pause.
    wait_until("a look after the pause", PATIENCE, || newest_ping(&server, "well")["id"] != first);
    // What is asserted is another thing: it is looked at at once.
    let other = format!(
        "checks: [{{name: well, every: 1m, assert: {{http: {{url: '{}', status: 404}}}}}}]\n",
        target.url("/-/healthy")
    );
    server.write_config(&other);
    assert_eq!(server.reload().status, 200);
    wait_for_status(&server, "well", "failing");
}

/// 17.7b, T10: what a look finds that began before a pause is nothing, and after the pause it is looked at again.
#[test]
fn what_was_looked_at_before_a_pause_is_dropped() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Punctual::start(&format!(
        "checks: [{{name: slow, every: 4m, assert: {{http: {{url: 'http://127.0.0.1:{port}/', timeout: 1m}}}}}}]\n"
    ));
    let answer = |mut stream: std::net::TcpStream, status: &str| {
        let mut head = [0; 512];
        assert!(stream.read(&mut head).unwrap() > 0);
        let whole = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(whole.as_bytes()).unwrap();
    };
    let (first, _) = listener.accept().unwrap();
    let data = server.data().display().to_string();
    assert!(punctual(&["pause", "slow", "--storage.path", &data]).0);
    assert!(punctual(&["unpause", "slow", "--storage.path", &data]).0);
    answer(first, "500 Broken");
    let (second, _) = listener.accept().unwrap();
    assert_eq!(server.get("/api/v1/checks/slow/pings").json()["pings"], json!([]), "it was dropped");
    answer(second, "200 OK");
    wait_for_status(&server, "slow", "up");
}

/// 17.6c, 17.10a, 17.12b: a server that takes a request and never answers.
#[test]
fn what_hangs_is_no_answer_and_makes_no_ping_wait() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let checks: String = (0..80)
        .map(|number| {
            format!("  - {{name: hangs-{number}, every: 4s, assert: {{http: {{url: 'http://127.0.0.1:{port}/', timeout: 1s}}}}}}\n")
        })
        .collect();
    let server = Punctual::start(&format!("checks:\n  - {{name: job, every: 1h}}\n{checks}"));
    wait_for_status(&server, "hangs-7", "failing");
    server.ping("job");
    let newest = newest_ping(&server, "hangs-7");
    assert_eq!(newest["comment"], "there was no whole answer within 1s", "{newest}");
    wait_until("all were looked at", PATIENCE, || server.sum("punctual_probes_total", "http") >= 80);
    assert!(server.value("punctual_probes_running") <= 64.0);
    // 17.10b: how late each of them began.
    assert!(server.value("punctual_probe_lag_seconds_count") >= 80.0);
}

/// `punctual probe`
#[test]
fn a_look_by_hand_says_what_it_finds_and_stores_nothing() {
    let target = target();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("punctual.yaml");
    let url = target.url("/-/healthy");
    let config = format!(
        "checks:\n  - {{name: well, every: 1m, assert: {{http: {{url: '{url}'}}}}}}\n  \
           - {{name: ill, every: 1m, assert: {{http: {{url: '{url}', status: 404}}}}}}\n  - {{name: job, every: 1h}}\n"
    );
    std::fs::write(&file, config).unwrap();
    let probe = |name: &str| {
        let file: &Path = &file;
        punctual(&["probe", name, "--config.file", file.to_str().unwrap()])
    };
    let (is_good, said) = probe("well");
    assert!(is_good && said.starts_with("well holds (took "), "{said}");
    let (is_good, said) = probe("ill");
    assert!(!is_good && said.contains("ill violated: the status is 200"), "{said}");
    assert!(probe("job").1.contains("does not look at `job` itself"));
    assert!(probe("none").1.contains("there is no check `none`"));
}

/// 17.11
#[test]
fn no_token_makes_the_server_ask_anything_of_anybody() {
    let server = Punctual::start(
        "auth: {tokens: [{name: ci, scope: write, token: a-token-that-may-write}]}\nchecks: []\n",
    );
    let check = json!({"name": "inside", "every": "1m", "assert": {"http": {"url": "http://127.0.0.1:1/"}}});
    let request = http::client().post(server.url("/api/v1/checks")).bearer_auth("a-token-that-may-write");
    let answer = http::send(http::with_json(request, &check));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("`http` is for files"), "{}", answer.text());
}

/// 17.12a: of each certificate on the way, also behind a redirect.
#[test]
fn a_certificate_that_expires_soon_is_violated() {
    let target = Punctual::new("checks: [{name: a, every: 1h}]\n")
        .over_tls()
        .web_config("tls_server_config: {cert_file: server.pem, key_file: server.key}\n");
    let certificates = Certificates::make(target.folder());
    let mut target = target.trusting(&certificates.authority);
    target.start_again();
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let site = format!(
        "server {{\nlisten 127.0.0.1:{port} ssl;\nssl_certificate {};\nssl_certificate_key {};\n\
         location / {{ return 302 {}; }}\n}}\n",
        certificates.certificate.display(),
        certificates.key.display(),
        target.url("/-/healthy"),
    );
    let _nginx = nginx::start(folder.path(), &site);
    let (straight, around) = (target.url("/-/healthy"), format!("https://127.0.0.1:{port}/"));
    // They are made for two days.
    let mut server = Punctual::new(&format!(
        "checks:\n  \
           - {{name: good, every: 1s, assert: {{http: {{url: '{around}', certificate_expires_in: 1d}}}}}}\n  \
           - {{name: soon, every: 1s, assert: {{http: {{url: '{straight}', certificate_expires_in: 7d}}}}}}\n  \
           - {{name: stays, every: 1s, assert: {{http: {{url: '{around}', follow_redirects: false}}}}}}\n"
    ))
    .trusting(&certificates.authority);
    server.start_again();
    wait_for_status(&server, "good", "up");
    wait_for_status(&server, "soon", "failing");
    let why = newest_ping(&server, "soon")["comment"].to_string();
    assert!(why.contains("the certificate expires at 20") && why.contains("within 7d"), "{why}");
    wait_for_status(&server, "stays", "failing");
    assert_eq!(newest_ping(&server, "stays")["comment"], "the status is 302");
}

/// 17.10b, 17.12d: a machine without certificates cannot tell of https, and of http it can.
#[test]
fn without_certificates_what_needs_none_is_looked_at_all_the_same() {
    let (target, folder) = (target(), tempfile::tempdir().unwrap());
    let huge = folder.path().join("huge.pem");
    std::fs::File::create(&huge).unwrap().set_len((64 << 20) + 1).unwrap();
    let mut server = Punctual::new(&format!(
        "checks:\n  \
           - {{name: plain, every: 1s, assert: {{http: {{url: '{}'}}}}}}\n  \
           - {{name: tls, every: 1s, assert: {{http: {{url: 'https://127.0.0.1:1/'}}}}}}\n",
        target.url("/-/healthy")
    ))
    .trusting(&huge);
    server.start_again();
    wait_for_status(&server, "plain", "up");
    wait_for_status(&server, "tls", "unknown");
    let why = newest_ping(&server, "tls")["comment"].to_string();
    assert!(why.contains("the system's certificates cannot be read: SSL_CERT_FILE"), "{why}");
    let healthy = server.get("/-/healthy");
    assert_eq!(healthy.status, 200);
    assert!(healthy.text().contains("https cannot be looked at since 20"), "{}", healthy.text());
}

/// 17.5b, 10.4c: what a start keeps though no file has it any more.
#[test]
fn a_check_that_a_start_keeps_is_still_looked_at() {
    let target = target();
    let checks: String = (0..12)
        .map(|number| {
            format!(
                "  - {{name: kept-{number}, every: 1s, assert: {{http: {{url: '{}'}}}}}}\n",
                target.url("/-/healthy")
            )
        })
        .collect();
    let mut server = Punctual::start(&format!("checks:\n{checks}"));
    wait_for_status(&server, "kept-7", "up");
    server.kill9();
    server.write_config("checks: [{name: job, every: 1h}]\n");
    server.start_again();
    let before = newest_ping(&server, "kept-7")["id"].clone();
    wait_until("another look", PATIENCE, || newest_ping(&server, "kept-7")["id"] != before);
}

/// 17.5c: a look of which the result could not be stored is made again as soon as that is over.
#[test]
fn what_a_full_disk_has_lost_is_looked_at_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let (library, broken) = (preload::build("broken_wal", folder.path()), folder.path().join("broken"));
    let mut server = Punctual::new(&format!(
        "checks: [{{name: slow, every: 2m, assert: {{http: {{url: 'http://127.0.0.1:{port}/', timeout: 1m}}}}}}]\n"
    ))
    .environment("LD_PRELOAD", library.to_str().unwrap())
    .environment("BROKEN_WAL_WHILE", broken.to_str().unwrap());
    server.start_again();
    let answer = |mut stream: std::net::TcpStream| {
        let mut head = [0; 512];
        assert!(stream.read(&mut head).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    };
    let (first, _) = listener.accept().unwrap();
    std::fs::write(&broken, "").unwrap();
    wait_until("nothing is stored", PATIENCE, || server.value("punctual_healthy") == 0.0);
    answer(first);
    wait_until("the look has ended", PATIENCE, || server.sum("punctual_probes_total", "http") == 1);
    std::fs::remove_file(&broken).unwrap();
    let (second, _) = listener.accept().unwrap();
    answer(second);
    wait_for_status(&server, "slow", "up");
}

/// 17.14a, 17.14b: a Prometheus that is killed while it is asked says nothing, and is asked on when it is back.
#[test]
fn a_series_violates_and_a_prometheus_that_is_away_is_unknown() {
    let mut prometheus = Some(Prometheus::start(&Setup::default()));
    let url = prometheus.as_ref().map(Prometheus::url).expect("it runs");
    prometheus.as_ref().expect("it runs").wait_for_series("up");
    let promql = |query: &str| {
        format!("assert: {{promql: {{prometheus: main, query: '{query}', title: \"{{job}} is {{value}}\"}}}}")
    };
    let server = Punctual::start(&format!(
        "prometheuses: [{{name: main, url: '{url}'}}]\nchecks:\n  \
           - {{name: up, every: 1s, unknowns_before_alert: 2, {}}}\n  \
           - {{name: down, every: 1s, unknowns_before_alert: 2, {}}}\n  \
           - {{name: scalar, every: 1s, unknowns_before_alert: 2, {}}}\n  \
           - {{name: wrong, every: 1s, unknowns_before_alert: 2, {}}}\n",
        promql("up == 0"),
        promql("up{job=\"prometheus\"} == 1"),
        promql("1"),
        promql("up ==")
    ));
    for (name, status, why) in [
        ("up", "up", ""),
        ("down", "failing", "1 row, the first: prometheus is 1"),
        (
            "scalar",
            "unknown",
            "200: the query answers a value, and no series: compare in it, as in `up == 0`",
        ),
        ("wrong", "unknown", "400: bad_data: "),
    ] {
        wait_for_status(&server, name, status);
        let newest = newest_ping(&server, name);
        assert!(newest["comment"].as_str().unwrap_or_default().starts_with(why), "{newest}");
    }
    let failed = || server.values("punctual_check_failing", "check=\"down\"");
    drop(prometheus.take());
    wait_for_status(&server, "up", "unknown");
    wait_for_status(&server, "down", "unknown");
    assert_eq!(failed(), [1.0], "what was violated stays so");
    assert_eq!(server.values("punctual_check_failing", "check=\"up\""), [0.0]);
    let port = url.rsplit(':').next().expect("it has one").parse().expect("a number");
    let back = Prometheus::start_at(port, &Setup::default());
    back.wait_for_series("up");
    wait_for_status(&server, "up", "up");
    wait_for_status(&server, "down", "failing");
}

/// 17.13a, 17.13c: beside whoever writes the database.
#[test]
fn a_row_violates_while_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let writer = rusqlite::Connection::open(&file).unwrap();
    writer
        .execute_batch(
            "pragma journal_mode = wal; create table profile (id integer, email text); \
             insert into profile values (17, 'a@b.c')",
        )
        .unwrap();
    let sql = |query: &str| format!("sql: {{database: app, query: \"{query}\"");
    let server = Punctual::start(&format!(
        "databases: [{{name: app, sqlite: {{path: '{}'}}}}]\nchecks:\n  \
           - {{name: none, every: 1s, assert: {{{}, key: [email, id], title: \"Mail of {{email}}\"}}}}}}\n  \
           - {{name: some, every: 1s, assert: {{{}, want: some}}}}}}\n  \
           - {{name: writes, every: 1s, unknowns_before_alert: 2, assert: {{{}}}}}}}\n",
        file.display(),
        sql("select id, email from profile"),
        sql("select 1 from profile"),
        sql("delete from profile")
    ));
    wait_for_status(&server, "none", "failing");
    wait_for_status(&server, "some", "up");
    wait_for_status(&server, "writes", "unknown");
    let newest = newest_ping(&server, "none");
    assert_eq!(newest["comment"], "1 row, the first: Mail of a@b.c", "{newest}");
    let page = server.get("/checks/none").text();
    assert!(page.contains("By a query to the database app") && page.contains("select id, email"), "{page}");
    let (is_good, said) = {
        let config = server.folder().join("punctual.yaml");
        punctual(&["probe", "none", "--config.file", config.to_str().unwrap()])
    };
    assert!(
        !is_good && said.contains("a@b.c/17 Mail of a@b.c {\"id\":\"17\",\"email\":\"a@b.c\"}"),
        "{said}"
    );
    writer.execute_batch("delete from profile").unwrap();
    wait_for_status(&server, "none", "up");
    wait_for_status(&server, "some", "failing");
    assert_eq!(newest_ping(&server, "some")["comment"], "no row is there");
}
