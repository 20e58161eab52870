//! Each kind of address has a table of bad ones. Each of them is a fault or a warning when the file is read.

use super::load_files;

/// Hosts that nobody can connect to, and texts that are no addresses.
const NOBODY: [&str; 14] = [
    "",
    "example.org",
    "example.org:443/path",
    "//example.org/a",
    "ftp://example.org/a",
    "mailto:a@example.org",
    "http://",
    "https:// /path",
    "http://example.org:0/a",
    "http://example.org:70000/a",
    "http://exa mple.org/a",
    "http://a..example.org/a",
    "http://224.0.0.251/a",
    "http://[ff02::1]/a",
];

/// All faults and warnings.
fn said(text: &str) -> String {
    let (result, _folder) = load_files(&[("main.yaml", text)]);
    match result {
        Ok(config) => config.warnings.iter().map(|warning| format!("{warning}\n")).collect(),
        Err(faults) => faults.to_string(),
    }
}

/// Makes a file with an address of one kind.
type Kind = fn(&str) -> String;

fn alertmanager(url: &str) -> String {
    format!("alerting: {{alertmanagers: [{{url: '{url}'}}]}}\nchecks: [{{name: a, every: 1h}}]")
}

fn webhook(url: &str) -> String {
    format!(
        "receivers: [{{name: r, webhook: {{url: '{url}'}}}}]\ndefault_receivers: [r]\nchecks: [{{name: a, every: 1h}}]"
    )
}

fn ntfy(url: &str) -> String {
    webhook(url).replace("'}}]", "', format: ntfy}}]")
}

fn proxy(url: &str) -> String {
    let url = format!("http_config: {{proxy_url: '{url}'}}");
    webhook("https://example.org/a").replace("a'}", &format!("a', {url}}}"))
}

fn runbook(url: &str) -> String {
    format!("checks: [{{name: a, every: 1h, runbook_url: '{url}'}}]")
}

fn smtp(host: &str) -> String {
    format!(
        "smtp: {{host: '{host}', from: p@example.org}}\nreceivers: [{{name: r, email: {{to: [a@example.org]}}}}]\n\
         default_receivers: [r]\nchecks: [{{name: a, every: 1h}}]"
    )
}

/// Good addresses give the same messages as the first of them, and each bad one gives a further message.
fn check(kind: Kind, good: &[&str], bad: &[&[&str]]) {
    let usual = said(&kind(good[0]));
    for address in good {
        let said = said(&kind(address));
        assert_eq!(said, usual, "{address}");
        assert!(!said.contains("no address"), "{said}");
    }
    let taken: Vec<&str> = bad.concat().into_iter().filter(|address| said(&kind(address)) == usual).collect();
    assert!(taken.is_empty(), "taken without a word: {taken:?}");
}

#[test]
fn addresses_of_alertmanagers() {
    let good = [
        "http://127.0.0.1:9093",
        "https://am.example.org/prefix/",
        "http://[::1]:9093",
        "http://alertmanager:9093",
    ];
    let bad = [
        "http://user:secret@127.0.0.1:9093",
        "http://127.0.0.1:9093/?a=b",
        "http://127.0.0.1:9093/#/alerts",
        "http://127.0.0.1:9093/api/v2/alerts",
        "http://127.0.0.1:9093/api/v2/",
        "http://127.0.0.1:9093/api/v1/alerts",
        "http://255.255.255.255:9093",
        "http://am.example.org:443",
        "https://am.example.org:80",
    ];
    check(alertmanager, &good, &[&NOBODY, &bad]);
}

#[test]
fn addresses_of_webhooks_and_their_proxies() {
    let good = [
        "https://example.org/hook?a=b",
        "http://hooks:8080/x",
        "https://exämple.org/a",
        "http://example.org./a",
    ];
    check(webhook, &good, &[&NOBODY, &["http://example.org:443/a", "https://example.org:80/a"]]);
    let good = ["http://proxy.example.org:3128", "http://me:pass@10.0.0.1:3128"];
    check(proxy, &good, &[&NOBODY[1..], &["socks5://127.0.0.1:1080"]]);
}

#[test]
fn addresses_of_ntfy() {
    let good = ["https://ntfy.sh/alerts", "https://ntfy.example.org/prefix/my_topic-1/"];
    let long = format!("https://ntfy.sh/{}", "t".repeat(65));
    let bad = [
        "https://ntfy.sh",
        "https://ntfy.sh/",
        "https://ntfy.sh/a?auth=x",
        "https://ntfy.sh/a#b",
        "https://ntfy.sh/two%20words",
        "https://ntfy.sh/a.b",
        &long,
    ];
    check(ntfy, &good, &[&NOBODY, &bad]);
}

#[test]
fn addresses_of_runbooks() {
    let good = ["https://wiki.example.org/a#b", "http://wiki/Backup?x=1"];
    let bad = ["javascript:alert(1)", "https://wiki/a b", "wiki/backup"];
    check(runbook, &good, &[&NOBODY[1..], &bad]);
}

#[test]
fn mail_servers() {
    let long = format!("{}.example.org", "a".repeat(64));
    let bad = [
        "",
        "mail.example.org:25",
        "smtp://mail.example.org",
        "user@mail.example.org",
        "mail.example.org/x",
        "mail example.org",
        "mail..example.org",
        ".example.org",
        "255.255.255.255",
        "224.0.0.1",
        &long,
    ];
    check(smtp, &["mail.example.org", "mail", "10.0.0.1", "::1", "localhost"], &[&bad]);
    for port in [80, 443, 110, 995, 143, 993, 465] {
        let said = said(&smtp("mail.example.org").replace("', from", &format!("', port: {port}, from")));
        assert!(said.contains(&format!("port {port}")), "{port}: {said}");
    }
}
