//! What punctual lacks itself when it looks (17.12e, 17.12f), and what an answer is that leads nowhere.

use serde_json::Value;

use crate::support::process::{PATIENCE, free_port, wait_until};
use crate::support::punctual::Punctual;
use crate::support::smtp::Certificates;
use crate::support::{nginx, preload};

fn wait_for_status(server: &Punctual, name: &str, wanted: &str) {
    let status = || server.get(&format!("/api/v1/checks/{name}")).json()["status"].take();
    wait_until(&format!("{name} is {wanted}"), PATIENCE, || status() == wanted);
}

fn newest_ping(server: &Punctual, name: &str) -> Value {
    server.get(&format!("/api/v1/checks/{name}/pings?limit=1")).json()["pings"][0].take()
}

/// 17.12e: the server that is looked at is well, and punctual has no file left for a connection.
#[test]
fn a_lack_of_files_is_unknown_and_no_word_of_the_server() {
    let target = Punctual::start("checks: [{name: a, every: 1h}]\n");
    let folder = tempfile::tempdir().unwrap();
    let (library, lacking) = (preload::build("no_sockets", folder.path()), folder.path().join("lacking"));
    let url = target.url("/-/healthy");
    let by_name = url.replace("127.0.0.1", "localhost");
    let mut server = Punctual::new(&format!(
        "checks:\n  \
           - {{name: by-address, every: 1s, assert: {{http: {{url: '{url}'}}}}}}\n  \
           - {{name: by-name, every: 1s, assert: {{http: {{url: '{by_name}'}}}}}}\n"
    ))
    .environment("LD_PRELOAD", library.to_str().unwrap())
    .environment("NO_SOCKETS_WHILE", lacking.to_str().unwrap());
    server.start_again();
    for name in ["by-address", "by-name"] {
        wait_for_status(&server, name, "up");
    }
    std::fs::write(&lacking, "").unwrap();
    for name in ["by-address", "by-name"] {
        wait_for_status(&server, name, "unknown");
        let newest = newest_ping(&server, name);
        assert_eq!(newest["result"], "unknown", "{newest}");
        assert!(newest["comment"].to_string().contains("Too many open files"), "{newest}");
    }
    std::fs::remove_file(&lacking).unwrap();
    for name in ["by-address", "by-name"] {
        wait_for_status(&server, name, "up");
        let incidents = server.get(&format!("/api/v1/incidents?check={name}")).json();
        let incidents = incidents["incidents"].as_array().unwrap().clone();
        assert!(incidents.iter().all(|incident| incident["reason"] == "unprobed"), "{incidents:?}");
    }
}

/// 17.12c: that is an answer, though no look comes to an end of it.
#[test]
fn a_redirect_without_end_is_violated_where_no_answer_would_be_unknown() {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let site = format!("server {{\nlisten 127.0.0.1:{port};\nlocation / {{ return 302 /; }}\n}}\n");
    let _nginx = nginx::start(folder.path(), &site);
    let server = Punctual::start(&format!(
        "checks: [{{name: login, every: 1s, assert: {{http: {{url: 'http://127.0.0.1:{port}/', unreachable: unknown}}}}}}]\n"
    ));
    wait_for_status(&server, "login", "failing");
    assert_eq!(newest_ping(&server, "login")["comment"], "it redirects more than 5 times");
}

/// 17.12f: the authority is replaced while punctual runs.
#[test]
fn a_server_of_a_new_authority_is_trusted_without_a_restart() {
    let target = Punctual::new("checks: [{name: a, every: 1h}]\n")
        .over_tls()
        .web_config("tls_server_config: {cert_file: server.pem, key_file: server.key}\n");
    let certificates = Certificates::make(target.folder());
    let mut target = target.trusting(&certificates.authority);
    target.start_again();
    let (folder, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trusted = folder.path().join("trusted.pem");
    std::fs::copy(Certificates::make(old.path()).authority, &trusted).unwrap();
    let mut server = Punctual::new(&format!(
        "checks: [{{name: tls, every: 1s, assert: {{http: {{url: '{}'}}}}}}]\n",
        target.url("/-/healthy")
    ))
    .trusting(&trusted);
    server.start_again();
    wait_for_status(&server, "tls", "failing");
    let why = newest_ping(&server, "tls")["comment"].to_string();
    // The new one has the name of the old one.
    assert!(why.contains("BadSignature"), "{why}");
    std::fs::copy(&certificates.authority, &trusted).unwrap();
    wait_for_status(&server, "tls", "up");
}
