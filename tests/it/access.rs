//! Who may do what, over every row of the route table and every method, against the real binary.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use punctual::http::routes::{Needs, ROUTES};
use serde_json::Value;

use crate::support::http::{self, Response};
use crate::support::punctual::{Punctual, punctual};

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];
const CHECKS: &str = "checks: [{name: backup, every: 1h}]\n";
const KEY: &str = "ping-key-of-the-jobs";
const READ: &str = "token-that-reads-all";
const PING: &str = "token-that-only-pings";
const OPERATE: &str = "token-that-operates";
const WRITE: &str = "token-that-may-write";
const NEW: &str = "token-that-is-the-new-one";
const AUTH_KEY: &str = "auth-key-of-the-mine";
const WRONG: &str = "token-that-is-wrong";
const SECRETS: [&str; 7] = [KEY, READ, PING, OPERATE, WRITE, NEW, AUTH_KEY];

fn with_tokens() -> Punctual {
    Punctual::start(&format!(
        "auth:\n  ping_keys: [{{name: jobs, key: {KEY}}}]\n  tokens: [{{name: look, scope: read, token: {READ}}}, \
         {{name: jobs, scope: ping, token: {PING}}}, {{name: oncall, scope: operate, token: {OPERATE}}}, {{name: ci, scope: write, token: {WRITE}}}]\n\
         compat: {{coal_mine: {{enabled: true, auth_key: {AUTH_KEY}}}}}\n{CHECKS}"
    ))
}

/// A path of this template.
pub(crate) fn path(template: &str) -> String {
    let parts = [
        ("{alias}", "abcdefgh"),
        ("{name}", "backup"),
        ("{key}", "order-7"),
        ("{number}", "1"),
        ("{*rest}", "backup"),
        ("{*name}", "backup"),
    ];
    let path = parts.iter().fold(template.to_owned(), |path, (part, filled)| path.replace(part, filled));
    let path =
        path.replace("/pings/{id}", "/pings/1").replace("{id}", "backup").replace("{token}", "no.0.link");
    assert!(!path.contains('{'), "{template} has a part that this test does not know");
    path
}

/// Every method of every row.
fn all() -> impl Iterator<Item = (Needs, &'static str, String)> {
    ROUTES.iter().flat_map(|route| {
        let path = path(&route.template);
        route.methods.iter().map(move |method| (route.needs, method.as_str(), path.clone()))
    })
}

fn ask(server: &Punctual, method: &str, path: &str, token: Option<&str>) -> Response {
    // What is wrong is not taken without end from one address.
    let own = [None, Some(READ), Some(PING), Some(OPERATE), Some(WRITE), Some(NEW)].contains(&token);
    let client = if own { http::client().clone() } else { http::stranger() };
    let request = client.request(method.parse().unwrap(), server.url(path));
    http::send(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
}

/// All that writing through the API could change.
fn checks(server: &Punctual, token: Option<&str>) -> Vec<(Value, Value)> {
    let list = ask(server, "GET", "/api/v1/checks", token).json();
    let of = |check: &Value| (check["definition"].clone(), check["paused"].clone());
    list["checks"].as_array().unwrap().iter().map(of).collect()
}

fn assert_problem(answer: &Response, status: u16, detail: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    if !what.starts_with("HEAD") {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{what}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{what}: {problem}");
    }
}

#[test]
fn without_any_token_whatever_writes_is_refused_and_says_what_to_do() {
    let server = Punctual::start(&format!("auth: {{ping_keys: [{{name: jobs, key: {KEY}}}]}}\n{CHECKS}"));
    // The first ping, whose body may be read.
    let first = http::post(&server.url(&format!("/ping/{KEY}/backup")), "what it said");
    assert_eq!(first.status, 200);
    let before = checks(&server, None);
    let mut seen = 0;
    for (needs, method, path) in all() {
        for token in [None, Some(WRONG), Some(KEY)] {
            let what = format!("{method} {path} with {token:?}");
            match needs {
                // 23.1: a ping key is good for it.
                Needs::Ping | Needs::Due if token == Some(KEY) => {
                    // Who is let in, and reports nothing, or of what is no record and no incident, hears so.
                    let status = ask(&server, method, &path, token).status;
                    let is_of_results = ["/report", "/records", "/diagnosis", "/solutions/"]
                        .iter()
                        .any(|of| path.contains(of));
                    let is_let_in =
                        if is_of_results { matches!(status, 400 | 404 | 409) } else { status == 200 };
                    assert!(is_let_in, "{what}: {status}");
                }
                Needs::Ping | Needs::Due => {
                    assert_problem(&ask(&server, method, &path, token), 401, "a ping key", &what);
                }
                Needs::Write | Needs::Operate => {
                    assert_problem(&ask(&server, method, &path, token), 403, "`auth.tokens`", &what);
                    seen += 1;
                }
                Needs::Form => assert_eq!(ask(&server, method, &path, token).status, 403, "{what}"),
                Needs::Read | Needs::Nothing | Needs::Page | Needs::Metrics => {
                    let status = ask(&server, method, &path, token).status;
                    // There is no such incident, and whoever asks may know.
                    let of_none = ["/api/v1/incidents/", "/api/v1/mutes/", "/incidents/", "/ack/"];
                    let is_of_none = of_none.iter().any(|of| path.starts_with(of))
                        || path.contains("/records/")
                        || path.contains("/marks/");
                    let is_none = status == 404 && is_of_none;
                    // What is there to be filled in by whoever may write.
                    let is_to_write = status == 403 && (path == "/new" || path.starts_with("/edit/"));
                    assert!(status < 400 || is_none || is_to_write, "{what}: {status}");
                }
                Needs::PingKey if token == Some(KEY) => {
                    // Who is let in, and reports nothing, or of what is no record and no incident, hears so.
                    let status = ask(&server, method, &path, token).status;
                    let is_of_results = ["/report", "/records", "/diagnosis", "/solutions/"]
                        .iter()
                        .any(|of| path.contains(of));
                    let is_let_in =
                        if is_of_results { matches!(status, 400 | 404 | 409) } else { status == 200 };
                    assert!(is_let_in, "{what}: {status}");
                }
                Needs::PingKey => {
                    let refused = ask(&server, method, &path, token).status;
                    assert_eq!(refused, if token.is_some() { 403 } else { 401 }, "{what}");
                }
                Needs::Compat(_) | Needs::AliasId => {
                    assert_eq!(ask(&server, method, &path, token).status, 404, "{what}");
                }
                // Its switch is no matter of tokens, and on here.
                Needs::Lifecycle => assert_eq!(ask(&server, method, &path, token).status, 200, "{what}"),
            }
        }
    }
    assert!(seen >= 18, "only {seen} were refused");
    assert_eq!(checks(&server, None), before, "nothing was changed");
}

/// 23.1
#[test]
fn a_token_opens_what_its_scope_covers_and_nothing_else() {
    let server = with_tokens();
    for (needs, method, path) in all() {
        let good: &[&str] = match needs {
            Needs::Read => &[READ, OPERATE, WRITE],
            Needs::Ping | Needs::Due => &[KEY, PING, OPERATE, WRITE],
            Needs::Operate => &[OPERATE, WRITE],
            Needs::Write => &[WRITE],
            _ => continue,
        };
        let secrets = [WRONG, KEY, AUTH_KEY, READ, PING, OPERATE, WRITE];
        for token in std::iter::once(None).chain(secrets.map(Some)) {
            let what = format!("{method} {path} with {token:?}");
            let answer = ask(&server, method, &path, token);
            let challenge = answer.header("www-authenticate").to_owned();
            match token {
                Some(token) if good.contains(&token) => {
                    assert!(![401, 403].contains(&answer.status), "{what}: {}", answer.text());
                }
                Some(READ | PING | OPERATE | WRITE) => {
                    assert_problem(&answer, 403, "use another", &what);
                    assert!(challenge.contains("insufficient_scope"), "{what}: {challenge}");
                }
                Some(_) => {
                    assert_problem(&answer, 401, "not known", &what);
                    assert!(challenge.contains("invalid_token"), "{what}: {challenge}");
                }
                None => {
                    assert_problem(&answer, 401, "Authorization: Bearer TOKEN", &what);
                    assert!(challenge.starts_with("Bearer "), "{what}: {challenge}");
                }
            }
        }
    }
}

#[test]
fn a_method_that_is_not_in_the_table_is_answered_405_whoever_asks() {
    let server = with_tokens();
    let paths: BTreeSet<String> = all().map(|(_, _, path)| path).collect();
    for path in paths {
        let taken: BTreeSet<&str> =
            all().filter(|(_, _, other)| *other == path).map(|(_, method, _)| method).collect();
        for method in METHODS.into_iter().filter(|method| !taken.contains(method)) {
            let answer = ask(&server, method, &path, Some(WRITE));
            assert_eq!(answer.status, 405, "{method} {path}");
            let allowed: BTreeSet<&str> = answer.header("allow").split(", ").collect();
            assert_eq!(allowed, taken, "{method} {path}");
        }
    }
}

#[test]
fn a_token_that_pings_or_writes_is_good_in_place_of_a_ping_key() {
    let server = with_tokens();
    let check = |path: &str, token: Option<&str>, expected: u16| {
        let answer = ask(&server, "POST", path, token);
        assert_eq!(answer.status, expected, "{path} {token:?}: {}", answer.text());
    };
    check("/ping/backup", Some(KEY), 200);
    check("/ping/backup", Some(PING), 200);
    check("/ping/backup", Some(WRITE), 200);
    check("/ping/backup", Some(READ), 403);
    check("/ping/backup", Some(WRONG), 403);
    check("/ping/backup", None, 401);
    // In an address it would stand in logs.
    check(&format!("/ping/{WRITE}/backup"), None, 403);
}

#[test]
fn tokens_change_at_a_reload_and_the_old_and_the_new_are_good_together() {
    let server = Punctual::start(CHECKS);
    let become_ = |tokens: &[&str]| {
        let list: Vec<String> = tokens
            .iter()
            .enumerate()
            .map(|(i, token)| format!("{{name: t{i}, scope: read, token: {token}}}"))
            .collect();
        server.write_config(&format!("auth: {{tokens: [{}]}}\n{CHECKS}", list.join(", ")));
        assert_eq!(server.reload().status, 200);
    };
    let check = |expected: [(Option<&str>, u16); 3]| {
        for (token, status) in expected {
            assert_eq!(ask(&server, "GET", "/api/v1/checks", token).status, status, "{token:?}");
        }
    };
    become_(&[READ]);
    check([(None, 401), (Some(READ), 200), (Some(NEW), 401)]);
    become_(&[READ, NEW]);
    check([(None, 401), (Some(READ), 200), (Some(NEW), 200)]);
    become_(&[NEW]);
    check([(None, 401), (Some(READ), 401), (Some(NEW), 200)]);
    become_(&[]);
    check([(None, 200), (Some(READ), 200), (Some(NEW), 200)]);
}

#[test]
fn secrets_stand_in_no_answer_and_no_log() {
    let mut server = with_tokens();
    let mut said = String::new();
    let everything = |said: &mut String, server: &Punctual| {
        for (_, method, path) in all() {
            for token in [None, Some(WRONG), Some(KEY), Some(READ), Some(PING), Some(WRITE), Some(AUTH_KEY)] {
                let answer = ask(server, method, &path, token);
                said.push_str(&format!("{:?}\n{}\n", answer.headers, String::from_utf8_lossy(&answer.body)));
            }
        }
    };
    everything(&mut said, &server);
    for path in ["/", "/metrics", "/checks/backup", "/no-such-page"] {
        said.push_str(&ask(&server, "GET", path, None).text());
    }
    // A configuration that is refused names what is wrong, and not the secrets in it.
    let token = |name: &str, token: &str| format!("{{name: {name}, scope: all, token: '{token}'}}");
    let tokens = [token("a", NEW), token("a", NEW), token("b", &format!("{READ} with blanks"))].join(", ");
    server.write_config(&format!("auth: {{tokens: [{tokens}]}}\n{CHECKS}"));
    let refused = server.reload();
    assert_eq!(refused.status, 500);
    said.push_str(&refused.text());
    said.push_str(&ask(&server, "GET", "/", None).text());
    // Nor does one that YAML reads as something else.
    for unquoted in ["*", "@", "&", "!", "%", "\"", "[", "{"] {
        server.write_config(&format!(
            "auth:\n  tokens:\n    - name: a\n      scope: read\n      token: {unquoted}{NEW}\n"
        ));
        let refused = server.reload();
        assert_eq!(refused.status, 500, "{unquoted}");
        said.push_str(&refused.text());
        said.push_str(&ask(&server, "GET", "/", None).text());
        let file = server.folder().join("punctual.yaml");
        said.push_str(&punctual(&["check-config", file.to_str().unwrap()]).1);
    }
    server.stop();
    said.push_str(&server.log());
    assert!(
        said.contains("scope") && said.contains("secret in place"),
        "the faults and the log were looked at"
    );
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} was shown");
    }
}

/// Every row that writes, asked by whoever has nothing, where everything has a key or a token.
#[test]
fn without_a_key_or_a_token_nothing_that_writes_is_open() {
    let server = Punctual::start(&format!(
        "auth:\n  ping_keys: [{{name: jobs, key: {KEY}}}]\n  tokens: [{{name: ci, scope: write, token: {WRITE}}}]\n\
         compat: {{coal_mine: {{enabled: true, auth_key: {AUTH_KEY}}}, nights_watch: {{enabled: true, auth_key: {AUTH_KEY}}}}}\n\
         {CHECKS}"
    ));
    let before = checks(&server, Some(WRITE));
    let mut refused = 0;
    let mut ask_without = |method: &str, path: &str, expected: u16| {
        let answer = ask(&server, method, path, None);
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.text());
        refused += 1;
    };
    for (needs, method, path) in all() {
        match needs {
            // Whether it answers at all is a switch of the command line.
            Needs::Nothing | Needs::Lifecycle | Needs::Metrics => {}
            Needs::Page => ask_without(method, &path, 303),
            Needs::Form => ask_without(method, &path, 403),
            Needs::PingKey | Needs::Read | Needs::Ping | Needs::Due | Needs::Operate | Needs::Write => {
                ask_without(method, &path, 401);
            }
            // Who knows an id may trigger; nobody has this one.
            Needs::AliasId => ask_without(method, &path, 404),
            Needs::Compat(system) => {
                let kind = if system == "coal_mine" { "canary" } else { "watcher" };
                let path = format!("{}v1/{kind}", path.strip_suffix("backup").unwrap());
                for command in [
                    "create?name=x&periodicity=60",
                    "update?slug=x&name=y",
                    "delete?name=x",
                    "get?name=x",
                    "list",
                    "pause?name=x",
                    "unpause?name=x",
                ] {
                    ask_without(method, &format!("{path}/{command}"), 401);
                }
                // Of a trigger its id is the key, where pings need one.
                ask_without(method, &format!("{path}/trigger?name=x"), 401);
                ask_without(method, &format!("{path}/trigger?slug=x"), 401);
                ask_without(method, &format!("{path}/trigger?id=abcdefgh"), 404);
            }
        }
    }
    assert!(refused > 80, "only {refused} were asked");
    assert_eq!(checks(&server, Some(WRITE)), before, "nothing was changed");
    assert_eq!(server.sum("punctual_check_pings_total", "check="), 0);
}

/// 23.1c, 23.5, 23.9f: every row, for whoever comes by a proxy, by a password, and at the socket.
#[test]
fn a_proxy_s_word_and_a_password_open_pages_and_the_socket_opens_everything() {
    let hash = bcrypt::hash("a-password-of-ann", 4).unwrap();
    let mut server = Punctual::new(&format!(
        "auth:\n  ping_keys: [{{name: jobs, key: {KEY}}}]\n  tokens: [{{name: ci, scope: write, token: {WRITE}}}]\n  \
         users: {{ann: write}}\n  proxy: {{from: [127.0.0.9], user_header: X-Forwarded-User, scope: write}}\n\
         compat: {{coal_mine: {{enabled: true, auth_key: {AUTH_KEY}}}}}\n{CHECKS}"
    ))
    .web_config(&format!("basic_auth_users: {{ann: '{hash}'}}\n"));
    server.start_again();
    let from = |address: &str| {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        builder.local_address(address.parse::<std::net::IpAddr>().unwrap()).build().unwrap()
    };
    let (proxy, elsewhere) = (from("127.0.0.9"), from("127.0.0.8"));
    let socket = punctual::http::socket::path(&server.data());
    let socket =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).unix_socket(socket);
    let socket = socket.build().unwrap();
    let mut asked = 0;
    for (needs, method, path) in all() {
        let request = |client: &reqwest::Client, base: &str| {
            client.request(method.parse().unwrap(), format!("{base}{path}"))
        };
        let network = server.url("");
        let network = network.trim_end_matches('/');
        let named = |client: &reqwest::Client| request(client, network).header("X-Forwarded-User", "ann");
        let ways = [
            ("proxy", named(&proxy)),
            ("password", request(&elsewhere, network).basic_auth("ann", Some("a-password-of-ann"))),
            ("header from elsewhere", named(&elsewhere)),
            ("proxy without a name", request(&proxy, network)),
        ];
        for (way, request) in ways {
            let what = format!("{method} {path} by {way}");
            let is_person = ["proxy", "password"].contains(&way);
            let status = http::send(request).status;
            match needs {
                Needs::Read if way == "proxy" => assert!(![401, 403].contains(&status), "{what}: {status}"),
                // Some pages are of what there is not.
                Needs::Page | Needs::Metrics if is_person => {
                    assert!([200, 404].contains(&status), "{what}: {status}");
                }
                Needs::Read | Needs::Page | Needs::Metrics => assert_eq!(status, 401, "{what}"),
                Needs::Ping | Needs::Due | Needs::Operate | Needs::Write | Needs::PingKey => {
                    assert_eq!(status, 401, "{what}");
                }
                // No page of ours has sent it.
                Needs::Form => assert_eq!(status, 403, "{what}"),
                Needs::Compat(_) => assert!(status >= 400, "{what}: {status}"),
                Needs::AliasId => assert_eq!(status, 404, "{what}"),
                // This link is none of the server's.
                Needs::Nothing if path.starts_with("/ack/") => assert_eq!(status, 404, "{what}"),
                Needs::Nothing | Needs::Lifecycle => assert!(status < 400, "{what}: {status}"),
            }
            asked += 1;
        }
        if path == "/api/v1/reload" || path == "/-/reload" {
            continue;
        }
        let status = http::send(request(&socket, "http://localhost")).status;
        let is_refused = [401, 403].contains(&status) && needs != Needs::Form;
        assert!(!is_refused, "{method} {path} at the socket: {status}");
    }
    assert!(asked > 200, "only {asked} were asked");
}

/// 23.1d
#[test]
fn a_key_and_a_token_for_some_checks_ping_no_others() {
    const SHOPS: &str = "ping-key-of-the-shop";
    let server = Punctual::start(&format!(
        "auth:\n  ping_keys: [{{name: jobs, key: {KEY}}}, {{name: shop, key: {SHOPS}, checks: ['group=\"shop\"', 'check!=\"audit\"']}}]\n  \
         tokens: [{{name: shop, scope: ping, token: {PING}, checks: ['check=~\"cart.*\"']}}, {{name: ci, scope: write, token: {WRITE}}}]\n\
         checks: [{{name: cart, every: 1h, group: shop}}, {{name: audit, every: 1h, group: shop}}, {{name: backup, every: 1h}}]\n"
    ));
    let counted = || server.sum("punctual_check_pings_total", "success");
    let mut taken = 0;
    let mut check = |path: &str, token: Option<&str>, expected: u16, says: &str| {
        let answer = ask(&server, "POST", path, token);
        assert_eq!(answer.status, expected, "{path} {token:?}: {}", answer.text());
        assert!(answer.text().contains(says), "{path} {token:?}: {}", answer.text());
        taken += u64::from(expected == 200);
        assert_eq!(counted(), taken, "{path} {token:?}");
    };
    let of_others = "this key is for other checks";
    for (secret, in_path) in [(SHOPS, true), (PING, false)] {
        type Way<'w> = &'w dyn Fn(&str) -> (String, Option<&'w str>);
        let ways: [Way<'_>; 3] = [
            &|name| (format!("/ping/{secret}/{name}"), None),
            &|name| (format!("/ping/{name}"), Some(secret)),
            &|name| (format!("/api/v1/checks/{name}/ping"), Some(secret)),
        ];
        for way in &ways[usize::from(!in_path)..] {
            let mut ping = |name: &str, expected: u16, says: &str| {
                let (path, token) = way(name);
                check(&path, token, expected, says);
            };
            ping("cart", 200, "OK");
            ping("audit", 403, of_others);
            ping("backup", 403, of_others);
            ping("no-such-check", 403, of_others);
        }
    }
    check(&format!("/ping/{SHOPS}/no-such-check?create=1"), None, 403, of_others);
    check(&format!("/ping/{SHOPS}/backup/fail"), None, 403, of_others);
    check("/ping/carts-of-tomorrow", Some(PING), 404, "not found");
    check("/ping/carts-of-tomorrow?create=1", Some(PING), 400, "create=1 is not supported");
    // The others are good for all of them, as before.
    check(&format!("/ping/{KEY}/backup"), None, 200, "OK");
    check("/ping/backup", Some(WRITE), 200, "OK");
    let refused = server.values("punctual_ping_requests_total", "outcome=\"bad_key\"");
    assert!(refused[0] >= 15.0, "{refused:?}");
}

/// 23.2
#[test]
fn what_jobs_said_is_on_pages_for_whoever_has_a_token_that_reads() {
    let server = with_tokens();
    let said =
        http::post(&server.url(&format!("/ping/{KEY}/backup?comment=said-aside")), "AWS_SECRET_ACCESS_KEY");
    assert_eq!(said.status, 200);
    let pages = ["/", "/checks/backup", "/checks/backup?body=1"];
    let shown = |page: &str, header: Option<String>| {
        let request = http::stranger().get(server.url(page));
        let answer = http::send(match header {
            Some(header) => request.header("Authorization", header),
            None => request,
        });
        let seen = ["AWS_SECRET", "said-aside", "127.0.0.1", "backup"]
            .iter()
            .any(|word| answer.text().contains(word));
        (answer.status, seen)
    };
    let basic = |token: &str| {
        let request =
            http::client().get("http://localhost/").basic_auth("anybody", Some(token)).build().unwrap();
        Some(request.headers()["authorization"].to_str().unwrap().to_owned())
    };
    for page in pages {
        // A proxy's own passwords come with what it passes on.
        for header in [None, basic(WRONG), basic(KEY)] {
            assert_eq!(shown(page, header.clone()), (303, false), "{page} {header:?}");
        }
        // A program that follows where it is led would take the way to sign in for an answer.
        assert_eq!(shown(page, Some(format!("Bearer {WRONG}"))), (401, false), "{page}");
        assert_eq!(shown(page, basic(PING)), (403, false), "{page}");
        for header in [basic(READ), basic(WRITE), Some(format!("Bearer {READ}"))] {
            assert_eq!(shown(page, header.clone()), (200, true), "{page} {header:?}");
        }
    }
}

#[test]
fn without_tokens_pages_show_all_that_jobs_said() {
    let server = Punctual::start(CHECKS);
    http::post(&server.url("/ping/backup?comment=said-aside"), "said-in-the-body");
    let page = server.get("/checks/backup").text();
    assert!(
        page.contains("said-aside") && page.contains("127.0.0.1<") && !page.contains("?said=1"),
        "{page}"
    );
    assert_eq!(server.get("/checks/backup?body=1").text(), "said-in-the-body");
}

/// 23.3c: ten wrong ones a minute from one address; what is right, what others show, and pings go on: behind a proxy all have one
/// address.
#[test]
fn wrong_tokens_and_keys_are_counted_logged_and_not_taken_without_end() {
    let mut server = with_tokens();
    let list = "/coal-mine/v1/canary/list?auth_key=";
    // A key at the end of the path, or a token in the header.
    let check = |path: &str, is_in_path: bool, good: &str| {
        let (one, other) = (http::stranger(), http::stranger());
        let ask = |client: &reqwest::Client, secret: &str| {
            http::send(match is_in_path {
                true => client.get(server.url(&format!("{path}{secret}"))),
                false => client.get(server.url(path)).bearer_auth(secret),
            })
        };
        for number in 0..10 {
            assert_eq!(ask(&one, &format!("{WRONG}-{number}")).status, 401, "{path}");
        }
        let answer = ask(&one, WRONG);
        assert_eq!((answer.status, answer.header("retry-after")), (429, "60"), "{path}");
        assert_eq!(ask(&one, good).status, 200, "{path}");
        assert_eq!(ask(&other, good).status, 200, "{path}");
        let ping = one.post(server.url("/ping/backup")).bearer_auth(KEY);
        assert_eq!(http::send(ping).status, 200);
    };
    check("/api/v1/checks", false, READ);
    check(list, true, AUTH_KEY);
    check("/checks/backup", false, READ);
    assert_eq!(server.sum("punctual_wrong_credentials_total", "kind=\"token\""), 20);
    assert_eq!(server.sum("punctual_wrong_credentials_total", "kind=\"auth_key\""), 10);
    server.stop();
    let log = server.log();
    assert_eq!(log.matches("a token was shown that is not known").count(), 20, "{log}");
    assert_eq!(log.matches("a wrong auth_key was shown").count(), 10, "{log}");
    assert!(!log.contains(WRONG) && !log.contains(AUTH_KEY));
}

/// 23.3c
#[test]
fn wrong_ping_keys_are_guesses_and_a_right_one_is_taken_whatever_others_show() {
    let short = "short-key";
    let tokens = format!("tokens: [{{name: look, scope: read, token: {READ}}}]");
    let keys = format!("ping_keys: [{{name: jobs, key: {KEY}}}, {{name: old, key: {short}}}]");
    let server = Punctual::start(&format!("auth:\n  {keys}\n  {tokens}\n{CHECKS}"));
    let (guesser, bad_job) = (http::stranger(), http::stranger());
    let in_path = |client: &reqwest::Client, key: &str| {
        http::send(client.get(server.url(&format!("/ping/{key}/backup")))).status
    };
    let in_header = |client: &reqwest::Client, key: &str| {
        http::send(client.get(server.url("/ping/backup")).bearer_auth(key)).status
    };
    let by_api = |client: &reqwest::Client, key: &str| {
        http::send(client.post(server.url("/api/v1/checks/backup/ping")).bearer_auth(key)).status
    };
    let is_held_off = |client: &reqwest::Client| {
        let answer = http::send(client.get(server.url("/api/v1/checks")).bearer_auth(WRONG));
        answer.status == 429
    };
    // Whoever shows the same wrong key at each run guesses nothing.
    for _ in 0..30 {
        assert_eq!((in_path(&bad_job, "of-long-ago"), in_header(&bad_job, "of-long-ago")), (403, 403));
    }
    assert!(!is_held_off(&bad_job));
    let wrong = |number: usize| format!("wrong-{number}");
    for number in 0..5 {
        assert_eq!((in_path(&guesser, &wrong(number)), in_header(&guesser, &wrong(number + 5))), (403, 403));
    }
    assert!(is_held_off(&guesser));
    for _ in 0..3 {
        assert_eq!((in_path(&guesser, WRONG), in_header(&guesser, WRONG)), (403, 403));
        assert_eq!(
            (in_path(&guesser, KEY), in_header(&guesser, KEY), by_api(&guesser, KEY)),
            (200, 200, 200)
        );
    }
    // What could be guessed is taken, and guessing is slow.
    for ask in [&in_path as &dyn Fn(&reqwest::Client, &str) -> u16, &in_header, &by_api] {
        let since = Instant::now();
        assert_eq!(ask(&guesser, short), 200);
        assert!(since.elapsed() >= Duration::from_secs(1));
    }
    let log = server.log();
    assert!(log.contains("a ping key was shown that is not known") && !log.contains("wrong-1"), "{log}");
}
