//! `--web.config.file`: TLS, client certificates and headers, as Prometheus' exporters have them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::tls::{TlsInfo, Version};
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use crate::support::http::{self, Response, runtime};
use crate::support::process::{PATIENCE, run, wait_for, wait_until};
use crate::support::prometheus::{Prometheus, Setup, promtool};
use crate::support::punctual::{Punctual, punctual};
use crate::support::smtp::Certificates;

const CONFIG: &str = "checks: [{name: a, every: 1h}]\n";
const TLS: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";
const CLIENTS_TOO: &str = "tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: authority.pem
  min_version: TLS13
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
    Content-Security-Policy: default-src 'self'
";

/// Served with this file, and with certificates in its folder.
fn with_certificates(web: &str) -> (Punctual, Certificates) {
    let server = Punctual::new(CONFIG).over_tls().web_config(web);
    let certificates = Certificates::make(server.folder());
    (server, certificates)
}

/// Trusts this authority alone.
fn trusting(authority: &Path) -> ClientBuilder {
    // Fails only if another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = Certificate::from_pem(&std::fs::read(authority).unwrap()).unwrap();
    Client::builder().no_proxy().tls_certs_only([authority]).timeout(PATIENCE)
}

/// Shows this certificate.
fn showing(builder: ClientBuilder, certificate: &Path, key: &Path) -> Client {
    let pem = [std::fs::read(certificate).unwrap(), std::fs::read(key).unwrap()].concat();
    builder.identity(Identity::from_pem(&pem).unwrap()).build().unwrap()
}

fn get(client: &Client, url: &str) -> reqwest::Result<Response> {
    http::try_send(client.get(url))
}

/// The certificate that a new connection is shown.
fn shown(server: &Punctual, authority: &Path) -> Vec<u8> {
    let client = trusting(authority).tls_info(true).build().unwrap();
    let answer = runtime().block_on(async { client.get(server.url("/-/ready")).send().await }).unwrap();
    answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec()
}

fn der(certificate: &Path) -> Vec<u8> {
    CertificateDer::from_pem_file(certificate).unwrap().to_vec()
}

/// 23.9
#[test]
fn a_real_prometheus_scrapes_over_https_with_a_client_certificate() {
    let (mut server, certificates) = with_certificates(CLIENTS_TOO);
    let (certificate, key) = Certificates::issue(server.folder(), "prometheus");
    let web = server.folder().join("web.yml");
    let (is_good, said) = promtool(&["check", "web-config", web.to_str().unwrap()]);
    assert!(is_good, "{said}");
    server.start_unready();
    let client = showing(trusting(&certificates.authority), &certificate, &key);
    wait_for("the server", PATIENCE, || get(&client, &server.url("/-/ready")).ok());
    let target = format!("127.0.0.1:{}", server.port());
    let prometheus = Prometheus::start(&Setup {
        scrape_configs: &[json!({
            "job_name": "secured",
            "scheme": "https",
            "tls_config": {"ca_file": certificates.authority, "cert_file": certificate, "key_file": key},
            "static_configs": [{"targets": [target]}],
        })],
        ..Setup::default()
    });
    prometheus.wait_for_series("up{job=\"secured\"} == 1");
    prometheus.wait_for_series("punctual_check_late{job=\"secured\", check=\"a\"}");

    // Nobody else comes in: without a certificate, with one of another authority, or by an old version.
    let without = trusting(&certificates.authority).build().unwrap();
    get(&without, &server.url("/metrics")).expect_err("no certificate was shown");
    let elsewhere = tempfile::tempdir().unwrap();
    let others = Certificates::make(elsewhere.path());
    let stranger = showing(trusting(&certificates.authority), &others.certificate, &others.key);
    get(&stranger, &server.url("/metrics")).expect_err("nobody knows its authority");
    let old = trusting(&certificates.authority).tls_version_max(Version::TLS_1_2);
    get(&showing(old, &certificate, &key), &server.url("/metrics")).expect_err("TLS 1.2 is too old");
    let in_the_clear =
        http::raw(server.port(), b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", PATIENCE);
    assert!(!String::from_utf8_lossy(&in_the_clear).contains("punctual_"), "it was answered in the clear");

    // Headers stand on every answer, and pages keep what is stricter of their own.
    let answer = get(&client, &server.url("/-/ready")).unwrap();
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    assert_eq!(
        (answer.header("x-frame-options"), answer.header("content-security-policy")),
        ("deny", "default-src 'self'")
    );
    let page = get(&client, &server.url("/")).unwrap();
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"), "{:?}", page.headers);
    assert_eq!(page.header("x-frame-options"), "deny");
}

/// 23.9b
#[test]
fn of_verified_clients_only_those_with_one_of_the_names_come_in() {
    let web = |kind: &str, names: &str| {
        format!(
            "tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: {kind}
  client_ca_file: authority.pem
  client_allowed_sans: [{names}]
"
        )
    };
    let all = "prometheus.example.org, ann@example.org, '2001:db8::7', 192.0.2.7, 'spiffe://example.org/job'";
    let (mut server, certificates) = with_certificates(&web("RequireAndVerifyClientCert", all));
    let file = server.folder().join("web.yml");
    let (is_good, said) = promtool(&["check", "web-config", file.to_str().unwrap()]);
    // Debian 12 has one of before there was the key: then nothing else of the file is wrong.
    let faults: Vec<&str> = said.lines().filter(|line| line.contains("line ")).collect();
    let is_older = faults.len() == 1 && faults[0].contains("field client_allowed_sans not found");
    assert!(is_good || is_older, "{said}");
    let folder = server.folder().to_owned();
    let with = |name: &str, sans: Option<&str>| {
        let (certificate, key) = Certificates::issue_as(&folder, name, sans);
        // It comes by a connection of its own each time, and may resume what was agreed on before.
        showing(trusting(&certificates.authority).pool_max_idle_per_host(0), &certificate, &key)
    };
    let dns = with("dns", Some("DNS:other.example.org,DNS:prometheus.example.org"));
    server.start_unready();
    let url = server.url("/-/ready");
    wait_for("the server", PATIENCE, || get(&dns, &url).ok());
    for (name, sans) in [
        ("email", "email:ann@example.org"),
        ("v6", "IP:2001:db8:0:0:0:0:0:7"),
        ("v4", "IP:192.0.2.7"),
        ("uri", "URI:spiffe://example.org/job"),
        // What exporters do not look at is in nobody's way.
        ("many", "otherName:1.2.3.4;UTF8:x,RID:1.2.3.4,DNS:prometheus.example.org"),
    ] {
        let answer = get(&with(name, Some(sans)), &url);
        assert!(answer.as_ref().is_ok_and(|answer| answer.status == 200), "{sans}: {answer:?}");
    }
    for (name, sans) in [
        ("prometheus.example.org", None),
        ("other", Some("DNS:grafana.example.org")),
        ("case", Some("DNS:Prometheus.example.org")),
        ("wild", Some("DNS:*.example.org")),
        ("below", Some("DNS:a.prometheus.example.org")),
        ("bob", Some("email:bob@example.org")),
        ("address", Some("IP:192.0.2.8")),
        ("job", Some("URI:spiffe://example.org/job/2")),
        ("kind", Some("otherName:1.2.3.4;UTF8:prometheus.example.org")),
    ] {
        let answer = get(&with(name, sans), &url);
        assert!(answer.is_err(), "{name}: {answer:?}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let others = Certificates::make(elsewhere.path());
    let (certificate, key) =
        Certificates::issue_as(elsewhere.path(), "forged", Some("DNS:prometheus.example.org"));
    assert!(others.authority.exists());
    get(&showing(trusting(&certificates.authority), &certificate, &key), &url)
        .expect_err("another authority");

    // A reload lets in others, and nobody by what was agreed on before.
    let reload = || {
        let data = server.data();
        let (is_good, said) = punctual(&["reload", "--storage.path", data.to_str().unwrap()]);
        assert!(is_good, "{said}");
    };
    let grafana = with("grafana", Some("DNS:grafana.example.org"));
    get(&grafana, &url).expect_err("not yet");
    server.write_web_config(&web("RequireAndVerifyClientCert", "grafana.example.org"));
    reload();
    assert_eq!(get(&grafana, &url).unwrap().status, 200);
    get(&dns, &url).expect_err("not any more");
    server.write_web_config(&web("VerifyClientCertIfGiven", "grafana.example.org"));
    reload();
    let without = trusting(&certificates.authority).build().unwrap();
    assert_eq!((get(&without, &url).unwrap().status, get(&grafana, &url).unwrap().status), (200, 200));
    get(&dns, &url).expect_err("it shows one with another name");
}

/// 23.9
#[test]
fn certificates_that_change_under_load_drop_no_request() {
    let (mut server, certificates) = with_certificates(TLS);
    server.start_again();
    assert_eq!(shown(&server, &certificates.authority), der(&certificates.certificate));
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let ping = server.url("/ping/a");
    let pingers: Vec<_> = (0..4)
        .map(|pinger| {
            let (done, answered, ping) = (done.clone(), answered.clone(), ping.clone());
            let (authority, folder) = (certificates.authority.clone(), server.folder().to_owned());
            std::thread::spawn(move || {
                assert!(folder.exists());
                // Half of them keep their connections, and half make a new one for each ping.
                let kept = if pinger % 2 == 0 { 1 } else { 0 };
                let client = trusting(&authority).pool_max_idle_per_host(kept).build().unwrap();
                let mut failed = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    match get(&client, &ping) {
                        Ok(answer) if answer.status == 200 => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        other => failed.push(format!("{other:?}")),
                    }
                }
                failed
            })
        })
        .collect();
    for number in 0..2 {
        let (certificate, key) = Certificates::issue(server.folder(), &format!("next-{number}"));
        let expected = der(&certificate);
        // One after the other, as it is usually done: for a moment they do not go together.
        std::fs::rename(&key, &certificates.key).unwrap();
        std::fs::rename(&certificate, &certificates.certificate).unwrap();
        wait_until("the new certificate", PATIENCE, || shown(&server, &certificates.authority) == expected);
        let before = answered.load(Ordering::Relaxed);
        wait_until("pings", PATIENCE, || answered.load(Ordering::Relaxed) > before + 20);
    }
    done.store(true, Ordering::Relaxed);
    let failed: Vec<String> = pingers.into_iter().flat_map(|pinger| pinger.join().unwrap()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(server.sum("punctual_check_pings_total", "success"), answered.load(Ordering::Relaxed) as u64);
    assert_eq!(
        server.log().matches("the certificates have changed, and are used").count(),
        2,
        "{}",
        server.log()
    );
}

/// 23.9
#[test]
fn certificates_that_cannot_be_used_are_told_and_those_before_stay() {
    let (mut server, certificates) = with_certificates(TLS);
    server.start_again();
    let original = std::fs::read(&certificates.key).unwrap();
    let successful = || server.value("punctual_config_last_reload_successful");
    std::fs::write(&certificates.key, "-----BEGIN PRIVATE KEY-----\nc2VrcmV0\n").unwrap();
    wait_until("the metric", PATIENCE, || successful() == 0.0);
    assert_eq!(shown(&server, &certificates.authority), der(&certificates.certificate));
    let status = server.get("/api/v1/status").json();
    let fault = status["reload_fault"].as_str().unwrap();
    assert!(fault.contains("certificates") && fault.contains("key_file"), "{fault}");
    assert!(server.log().contains("cannot be used, those before still are"), "{}", server.log());
    assert!(!server.log().contains("c2VrcmV0"), "the key is in the log");
    // Beside what else is wrong, and as long as it is.
    let faults =
        || server.get("/api/v1/status").json()["reload_fault"].as_str().unwrap_or_default().to_owned();
    server.write_config("checks: 7\n");
    assert_eq!(server.reload().status, 500);
    assert!(faults().contains("punctual.yaml:1:") && faults().contains("the certificates: "), "{}", faults());
    std::fs::write(&certificates.key, &original).unwrap();
    wait_until("the key", PATIENCE, || !faults().contains("the certificates: "));
    assert!(faults().contains("punctual.yaml:1:") && successful() == 0.0);
    std::fs::write(&certificates.key, "-----BEGIN PRIVATE KEY-----\nc2VrcmV0\n").unwrap();
    wait_until("both", PATIENCE, || faults().contains("the certificates: "));
    assert!(server.get("/").text().contains("punctual.yaml:1:"));
    server.write_config(CONFIG);
    // A reload finds the same, and where.
    let refused = server.reload();
    assert!(refused.status == 500 && refused.text().contains("web.yml:1:"), "{}", refused.text());
    // It is made once they are mended.
    std::fs::write(&certificates.key, &original).unwrap();
    wait_until("the metric", PATIENCE, || successful() == 1.0);
    assert_eq!(faults(), "");
    // Without a reload, too.
    std::fs::write(&certificates.certificate, "").unwrap();
    wait_until("the metric", PATIENCE, || successful() == 0.0);
    Certificates::make(server.folder());
    wait_until("the metric", PATIENCE, || successful() == 1.0);
    assert!(server.get("/api/v1/status").json()["reload_fault"].is_null());
    assert_eq!(shown(&server, &certificates.authority), der(&certificates.certificate));
}

/// 23.9: what is in the file counts from the next connection on, and the socket of the data folder needs none of it.
#[test]
fn commands_ask_over_https_and_the_socket_stays_as_it_is() {
    let (mut server, certificates) = with_certificates(TLS);
    server.start_again();
    let command = |arguments: &[&str], authority: Option<&Path>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
        command.args(arguments).current_dir(server.folder());
        if let Some(authority) = authority {
            command.env("SSL_CERT_FILE", authority);
        }
        run(&mut command)
    };
    let url = server.url("");
    let (is_good, said) = command(&["checks", "list", "--server", &url], Some(&certificates.authority));
    assert!(is_good && said.contains('a'), "{said}");
    let (is_good, said) = command(&["checks", "list", "--server", &url], None);
    assert!(!is_good && said.contains("certificate"), "{said}");
    let (is_good, said) = command(&["checks", "list", "--storage.path", "data"], None);
    assert!(is_good, "{said}");
    // Pages and messages lead to where it is.
    assert!(server.log().contains(&format!("\"url\":\"{url}/ping/a\"")), "{}", server.log());
    server.write_web_config("http_server_config: {headers: {X-Frame-Options: deny}}\n");
    assert_eq!(server.reload().status, 200);
    let in_the_clear = http::get(&server.url("/-/ready").replace("https", "http"));
    assert_eq!((in_the_clear.status, in_the_clear.header("x-frame-options")), (200, "deny"));
}

/// 23.9
#[test]
fn a_start_with_a_bad_file_says_where_and_what() {
    let check = |web: &str, expected: &str| {
        let (mut server, _) = with_certificates(web);
        server.start_unready();
        assert!(!server.wait(Duration::from_secs(20)).success(), "{web}");
        assert!(server.log().contains(expected), "{web}: {}", server.log());
    };
    check(
        "tls_server_config: {cert_file: server.pem, key_fil: server.key}\n",
        "web.yml:1:44: `tls_server_config` has no key `key_fil`; did you mean `key_file`?",
    );
    check(
        "tls_server_config: {cert_file: server.pem, key_file: authority.key}\n",
        "it is the key of another certificate",
    );
    check(
        "tls_server_config: {cert_file: server.pem, key_file: server.key, client_allowed_sans: [a]}\n",
        "web.yml:1:66: names keep nobody out by `client_allowed_sans` without `client_auth_type: Req",
    );
    check("tls_server_config: {cert_file: gone.pem, key_file: server.key}\n", "there is no such file");
}
