//! What pages of other sites may have a browser do, over every row of the route table: ping, and nothing else.

use punctual::http::routes::{Needs, ROUTES};

use crate::access::path;
use crate::support::http::{self, Response};
use crate::support::process::free_port;
use crate::support::punctual::Punctual;

const TOKEN: &str = "token-that-may-write";
const CONFIG: &str = "auth: {tokens: [{name: ci, scope: write, token: token-that-may-write}]}\n\
    compat: {coal_mine: {enabled: true}, nights_watch: {enabled: true}}\n\
    checks: [{name: backup, every: 1h}]\n";
const OWN: &str = "https://punctual.example.org/below";
const COMMANDS: [&str; 8] = ["create", "delete", "get", "list", "pause", "trigger", "unpause", "update"];

fn start() -> Punctual {
    let mut server = Punctual::new(CONFIG).argument("--web.external-url").argument(OWN);
    server.start_again();
    server
}

/// Every method of every row, and each command of other systems.
pub(crate) fn all() -> Vec<(Needs, &'static str, String)> {
    let of = |path: String, needs: Needs| match needs {
        Needs::Compat(_) => {
            let kind = if path.starts_with("/coal-mine/") { "canary" } else { "watcher" };
            let folder = path.strip_suffix("backup").unwrap();
            COMMANDS.map(|command| format!("{folder}v1/{kind}/{command}?name=a&periodicity=60")).to_vec()
        }
        _ => vec![path],
    };
    ROUTES
        .iter()
        .flat_map(|route| {
            let paths = of(path(&route.template), route.needs);
            route.methods.iter().flat_map(move |method| {
                paths.clone().into_iter().map(move |path| (route.needs, method.as_str(), path))
            })
        })
        .collect()
}

fn ask(server: &Punctual, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = http::client().request(method.parse().unwrap(), server.url(path)).bearer_auth(TOKEN);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    http::send(request)
}

/// A name that a stranger made to lead to this machine (DNS rebinding).
#[test]
fn a_loopback_listener_answers_under_its_own_names_alone() {
    let server = start();
    let mut refused = 0;
    for (needs, method, path) in all() {
        let what = format!("{method} {path}");
        let status = |host: &str| ask(&server, method, &path, &[("host", host)]).status;
        // Pings are open to pages of any site anyhow.
        if matches!(needs, Needs::PingKey | Needs::AliasId) || method == "OPTIONS" {
            assert_ne!(status("evil.example"), 421, "{what}");
            continue;
        }
        for foreign in ["evil.example", "127.0.0.1.evil.example:19099", "example.org", "10.0.0.1"] {
            let answer = ask(&server, method, &path, &[("host", foreign)]);
            assert_eq!(answer.status, 421, "{what} {foreign}: {}", answer.text());
            assert!(method == "HEAD" || answer.text().contains("--web.external-url=http://"), "{what}");
            refused += 1;
        }
        if matches!(needs, Needs::Lifecycle) {
            continue;
        }
        for own in
            ["localhost", "127.0.0.1:1", "[::1]:80", "punctual.example.org", "PUNCTUAL.example.org:443"]
        {
            assert_ne!(status(own), 421, "{what} {own}");
        }
    }
    assert!(refused > 100, "only {refused}");
    let absolute = "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = http::raw(server.port(), absolute.as_bytes(), crate::support::process::PATIENCE);
    assert!(answer.starts_with(b"HTTP/1.1 421 "), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn a_listener_for_other_machines_answers_under_any_name() {
    let port = free_port();
    let mut server =
        Punctual::new(CONFIG).argument("--web.listen-address").argument(&format!("0.0.0.0:{port}"));
    server.start_again();
    let asked = http::client().get(format!("http://127.0.0.1:{port}/")).bearer_auth(TOKEN);
    let answer = http::send(asked.header("host", "any.example"));
    assert_eq!(answer.status, 200);
}

#[test]
fn what_a_page_of_another_site_sends_changes_nothing() {
    let server = start();
    let before = server.get("/metrics").text();
    let series = |text: &str| text.lines().filter(|line| line.starts_with("punctual_check_info")).count();
    let mut refused = 0;
    for (needs, method, path) in all() {
        let what = format!("{method} {path}");
        let reads = path.contains("/get?") || path.contains("/list?");
        let triggers = path.contains("/trigger?") || needs == Needs::AliasId;
        let writes = match needs {
            // To judge a configuration changes nothing, and takes a while.
            Needs::Read => method == "POST",
            Needs::Nothing | Needs::Page | Needs::Metrics | Needs::PingKey | Needs::Due => false,
            Needs::Form | Needs::Lifecycle | Needs::Ping | Needs::Operate | Needs::Write | Needs::AliasId => {
                true
            }
            Needs::Compat(_) => !reads,
        };
        let foreign =
            ["http://evil.example", "null", "http://127.0.0.1:1", "https://punctual.example.org:8443"];
        for origin in foreign {
            let status = ask(&server, method, &path, &[("origin", origin)]).status;
            assert_eq!(status == 403, writes, "{what} from {origin}: {status}");
            refused += usize::from(writes);
        }
        for site in ["cross-site", "same-site"] {
            // A link to a trigger, in a mail or a wiki, is followed.
            let status = ask(&server, method, &path, &[("sec-fetch-site", site)]).status;
            assert_eq!(status == 403, writes && !triggers, "{what} from {site}: {status}");
        }
    }
    assert!(refused > 100, "only {refused}");
    assert_eq!(series(&server.get("/metrics").text()), series(&before), "nothing was made");
}

#[test]
fn what_its_own_page_or_a_program_sends_is_taken() {
    let server = start();
    let own = server.url("");
    let check = |method: &str, path: &str, headers: &[(&str, &str)], expected: u16| {
        let answer = ask(&server, method, path, headers);
        assert_eq!(answer.status, expected, "{method} {path} {headers:?}: {}", answer.text());
    };
    for origin in [&own, "https://punctual.example.org", "https://Punctual.Example.org"] {
        check("POST", "/-/reload", &[("origin", origin), ("sec-fetch-site", "same-origin")], 200);
        check("POST", "/api/v1/checks/backup/pause", &[("origin", origin)], 200);
    }
    check("POST", "/-/reload", &[], 200);
    check("POST", "/-/reload", &[("sec-fetch-site", "none")], 200);
    check("GET", "/coal-mine/v1/canary/create?name=a&periodicity=60", &[], 200);
}

/// 23.7
#[test]
fn a_page_of_any_site_may_ping_and_read_nothing_else() {
    let server = start();
    for (needs, method, path) in all() {
        let answer = ask(&server, method, &path, &[("origin", "http://evil.example")]);
        let allowed = answer.header("access-control-allow-origin");
        let expected = if path.starts_with("/ping/") { "*" } else { "" };
        assert_eq!(allowed, expected, "{method} {path} {needs:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let asked = ask(
        &server,
        "OPTIONS",
        "/ping/some-key/backup/start",
        &[
            ("origin", "http://evil.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization"),
        ],
    );
    assert_eq!((asked.status, asked.header("content-length")), (204, ""));
    assert_eq!(asked.header("access-control-allow-methods"), "GET, HEAD, POST, PUT");
    assert_eq!(asked.header("access-control-allow-headers"), "Authorization, Content-Type");
    assert_eq!(server.sum("punctual_check_pings_total", "kind=\"start\""), 0);
}
