//! Pages for people.

use std::sync::atomic::Ordering;

use punctual::app::Notices;
use punctual::config::PingKey;
use punctual::core::check::Name;
use punctual::core::secret::Secret;
use punctual::http::limits::Limits;
use punctual::http::{Access, PingKeys};

use crate::support::doors::Doors;
use crate::support::http::{self, Response};
use crate::support::punctual::Punctual;

fn open() -> Doors {
    Doors::open(Limits::default())
}

fn page(doors: &Doors, path: &str) -> Response {
    let answer = http::get(&doors.url(path));
    assert!(answer.header("content-type").starts_with("text/html"), "{path}");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = answer.text();
    let script = text.split("<script type=\"module\" src=\"").nth(1).unwrap_or_default();
    assert!(script.trim_start_matches("../").starts_with("script.js?"), "{text}");
    assert_eq!(text.matches("<script").count(), 1, "there is no other: {text}");
    answer
}

fn first(doors: &Doors, query: &str) -> String {
    let answer = page(doors, &format!("/{query}"));
    assert_eq!(answer.status, 200);
    answer.text()
}

#[test]
fn the_first_page_shows_every_check_and_how_to_ping_it() {
    let doors = open();
    let text = first(&doors, "");
    for name in ["backup", "post-only", "worker"] {
        assert!(text.contains(&format!("href=\"checks/{name}\"")), "{name}");
        assert!(text.contains(&format!("<summary aria-label=\"curl line of {name}\">curl<")), "{name}");
        assert!(text.contains(&format!("-o /dev/null {}/ping/{name}<", doors.app.external_url)), "{name}");
    }
    assert!(!text.contains("href=\"http"), "a ping URL is never a link: a browser might follow it");
    let key = PingKey { name: "a".to_owned(), key: Secret::new("secret-key"), checks: None };
    let ping_keys = PingKeys::new(&[key], true);
    doors.app.set_access(Access { ping_keys, ..Access::default() });
    let text = first(&doors, "");
    assert!(text.contains("/ping/KEY/backup<") && !text.contains("secret-key"));
}

#[test]
fn a_filter_finds_by_text_and_status() {
    let doors = open();
    let check = |query: &str, expected: &[&str]| {
        let text = first(&doors, query);
        let shown: Vec<&str> = ["backup", "post-only", "worker"]
            .into_iter()
            .filter(|name| text.contains(&format!("href=\"checks/{name}\"")))
            .collect();
        assert_eq!(shown, expected, "{query}");
    };
    check("?q=WORK", &["worker"]);
    check("?q=nothing+like+it", &[]);
    check("?status=late", &["backup", "post-only", "worker"]);
    check("?status=up", &[]);
    check("?status=late&q=o", &["post-only", "worker"]);
    for (query, said) in [
        ("?status=nonsense", "there are failing, late, unknown, grace, new, up, paused"),
        ("?q=team%3D~%5B", "the value of `team` is no regular expression"),
        ("?page=0", "counted from 1"),
    ] {
        let answer = page(&doors, &format!("/{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text().contains(said), "{query}: {}", answer.text());
    }
    let text = first(&doors, "?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(text.contains("value=\"&quot;&gt;&lt;script&gt;"), "what was asked for is shown, and escaped");
}

#[test]
fn links_to_a_status_keep_the_text_and_count_what_has_it() {
    let doors = open();
    let check = |query: &str, expected: [&str; 2]| {
        let text = first(&doors, query);
        let list = text.split("<ul class=\"totals\"").nth(1).unwrap().split("</ul>").next().unwrap();
        let links: Vec<&str> = list.split("<a href=\"").skip(1).collect();
        for (link, expected) in links.iter().zip(expected) {
            let (address, rest) = link.split_once('"').unwrap();
            let count = rest.split("<b>").nth(1).unwrap().split('<').next().unwrap();
            assert_eq!(format!("{address} {count}"), expected, "{query}");
        }
        assert_eq!(links.len(), 2, "{list}");
    };
    check("", ["./ 3", "?status=late 3"]);
    check("?status=late", ["./ 3", "?status=late 3"]);
    check("?q=o", ["?q=o 2", "?q=o&amp;status=late 2"]);
    check("?q=%22%3E%26+x&status=late", ["?q=%22%3E%26%20x 0", "?q=%22%3E%26%20x&amp;status=late 0"]);
}

#[test]
fn nothing_that_came_from_outside_becomes_markup() {
    let doors = open();
    http::get(&doors.url("/ping/%3Cimg%20src=x%20onerror=alert(1)%3E"));
    http::get(&doors.url("/ping/new-job"));
    let kept = vec![Name::parse("kept-one").unwrap()];
    doors.app.services.in_force.set_notices(Notices {
        kept,
        passed_over: vec![(Name::parse("old-name").unwrap(), Name::parse("new-name").unwrap())],
        ..Notices::default()
    });
    doors.app.services.in_force.set_reload_fault("<i>fault</i>".into());
    assert!(first(&doors, "").contains("were kept"), "a fault of a reload does not take that back");
    assert!(first(&doors, "").contains("<code>old-name</code> → <code>new-name</code>"), "nor that");
    for path in ["/", "/checks/backup", "/checks/%3Cscript%3E", "/config"] {
        let text = page(&doors, path).text();
        for markup in ["<b>backup", "<img", "<i>fault"] {
            assert!(!text.contains(markup), "{markup} on {path}");
        }
    }
    let text = first(&doors, "");
    assert!(
        text.contains("<bdi>&lt;b&gt;backup&lt;/b&gt;</bdi>"),
        "it turns the direction of its own text only"
    );
    assert!(text.contains("&lt;img src=x onerror=alert(1)&gt;"), "{text}");
    let config = page(&doors, "/config").text();
    assert!(config.contains("&lt;img src=x onerror=alert(1)&gt;") && config.contains("a name is made of"));
    assert!(config.contains("- {name: new-job, every: 1d}"), "the YAML to paste");
    assert!(text.contains("could not be reloaded") && text.contains("&lt;i&gt;fault"));
}

#[test]
fn deliveries_that_were_given_up_are_said_for_a_day() {
    let doors = open();
    let totals = &doors.app.services.live.totals;
    let now_ms = doors.app.services.clock.now().as_ms();
    let hours_ago = |hours: i64| totals.last_parked_ms.store(now_ms - hours * 3_600_000, Ordering::Relaxed);
    hours_ago(1);
    assert!(!first(&doors, "").contains("given up"), "there is none");
    totals.deliveries_parked.store(2, Ordering::Relaxed);
    let text = first(&doors, "");
    assert!(text.contains("2 deliveries were given up, the last one"), "{text}");
    hours_ago(25);
    assert!(!first(&doors, "").contains("given up"), "it is in the metrics");
}

#[test]
fn a_check_has_a_page_also_by_its_former_name() {
    let doors = open();
    let answer = page(&doors, "/checks/backup");
    assert_eq!(answer.status, 200);
    for part in ["every 5m", "punctual.yaml:3", "never", "/ping/backup/start", "/ping/backup/$?"] {
        assert!(answer.text().contains(part), "{part}");
    }
    assert_eq!(page(&doors, "/checks/nobody").status, 404);
    let answer = http::get(&doors.url("/checks/old-backup"));
    assert_eq!((answer.status, answer.header("location")), (302, "backup"));
}

#[test]
fn a_check_that_takes_post_alone_is_shown_with_lines_that_post() {
    let doors = open();
    let url = doors.url("/ping/post-only");
    assert_eq!(http::get(&url).status, 405);
    let line = |end: &str| {
        let url = &doors.app.external_url;
        format!("--retry-connrefused -X POST -o /dev/null {url}/ping/post-only{end}")
    };
    assert!(first(&doors, "").contains(&line("<")));
    let text = page(&doors, "/checks/post-only").text();
    for end in ["<", "/start\n", "/$?<"] {
        assert!(text.contains(&line(end)), "{end:?}: {text}");
    }
    assert!(!page(&doors, "/checks/backup").text().contains("-X POST"));
}

/// What the shell would make of a line of curl, sent by our own client.
fn sent(line: &str) -> Response {
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[0], "curl", "{line}");
    let method = words.windows(2).find(|pair| pair[0] == "-X").map_or("GET", |pair| pair[1]);
    let url = words.last().unwrap().replace("$?", "0");
    http::send(http::client().request(method.parse().unwrap(), url))
}

#[test]
fn the_lines_that_a_page_shows_are_taken_as_pings() {
    let methods = [("any-method", "any"), ("post-only", "post")];
    let check = |(name, methods)| format!("  - {{name: {name}, every: 1h, ping_methods: {methods}}}\n");
    let server = Punctual::start(&format!("checks:\n{}", methods.map(check).concat()));
    assert_eq!(server.get("/ping/post-only").status, 405);
    for (name, _) in methods {
        let texts = [server.get("/"), server.get(&format!("/checks/{name}"))].map(|page| page.text());
        let is_for_it = |line: &&str| line.split('/').any(|part| part == name);
        let lines: Vec<&str> = texts
            .iter()
            .flat_map(|text| text.split(['<', '>', '\n']))
            .filter(|text| text.starts_with("curl -"))
            .filter(is_for_it)
            .collect();
        assert_eq!(lines.len(), 4, "one on the first page, three on its own: {lines:?}");
        for line in lines {
            let answer = sent(line);
            assert_eq!(answer.status, 200, "{line}: {}", answer.text());
        }
    }
}

#[test]
fn what_is_past_was_due_and_is_not_next() {
    let doors = open();
    let text = page(&doors, "/checks/backup").text();
    assert!(text.contains("<dt>Was due</dt>") && !text.contains("Next due"), "{text}");
    let server = Punctual::start("checks: [{name: nightly, cron: '0 0 29 2 *'}]");
    let text = server.get("/checks/nightly").text();
    assert!(text.contains("<dt>Next due</dt>") && !text.contains("Was due"), "{text}");
}

#[test]
fn a_page_says_who_is_told_and_promises_no_alertmanager_that_is_not_there() {
    let check = |config: &str, expected: &str| {
        let server = Punctual::start(&format!("{config}\nchecks: [{{name: job, every: 1h}}]"));
        let text = server.get("/checks/job").text();
        let told = text.split("<h2>Who is told</h2>").nth(1).unwrap().split("<h2>").next().unwrap();
        assert_eq!(told, expected, "{config}");
    };
    let receiver = "receivers: [{name: ops, webhook: {url: 'http://127.0.0.1:9/'}}]";
    let alerting = "alerting: {alertmanagers: [{url: 'http://127.0.0.1:9'}]}";
    let some = "responders: [{matchers: ['reason=failed'], actions: [{notify: ops}]}]";
    let ops = "<strong>ops</strong><span class=\"quiet\">";
    let alertmanager = "<li><strong>Alertmanager</strong>, at once</li>";
    check(
        "",
        "<p>Nobody, by punctual itself: no receiver is declared for it. A rule of Prometheus may tell.</p>",
    );
    check(alerting, &format!("<ul>{alertmanager}</ul>"));
    let by_default = format!("<li>{ops} · by default</span></li>");
    check(
        &format!("{receiver}\n{alerting}\ndefault_receivers: [ops]"),
        &format!("<ul>{alertmanager}{by_default}</ul>"),
    );
    check(&format!("{receiver}\ndefault_receivers: [ops]"), &format!("<ul>{by_default}</ul>"));
    check(
        &format!("{receiver}\n{some}"),
        &format!(
            "<ul><li>{ops} · only failed</span><span class=\"quiet\"> · matches reason=&quot;failed&quot;</span></li></ul>\
             <p>No receiver hears of: missing, never_seen.</p>"
        ),
    );
}

/// 8.3: why nobody was told of it.
#[test]
fn a_page_tells_how_it_is_with_what_the_check_depends_on() {
    let doors = open();
    let text = page(&doors, "/checks/worker").text();
    let start = text.find("Depends on").unwrap();
    let shown = text[start..].split("</dd>").next().unwrap();
    for part in ["href=\"backup\"", "s-late", "messages wait for it"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

const DECLARED: &str = r#"
smtp: {host: 127.0.0.1, tls: none, from: punctual@example.org}
defaults: {early: 1m}
checks:
  - {name: plain, every: 5m}
  - name: full
    renamed_from: [old, older]
    labels: {team: "<i>dba\u202e"}
    cron: "0 2 * * *"
    grace: 30m
    early: 10m
    start_within: 5m
    min_runtime: 1m
    max_runtime: 2h
    overlap: fail
    failures_before_alert: 3
    successes_to_recover: 2
    manual_resume: true
    window: 7d
    ping_methods: post
    quiet: [{cron: "0 22 * * *", for: 8h, timezone: Europe/Berlin}, {cron: "0 0 * * sun", for: 1d}]
    depends_on: [plain]
    runbook_url: https://runbooks.example.org/full
    emails: [private@example.org]
"#;

/// What is said under "Declared", without tags: a line for each entry.
fn declared(server: &Punctual, name: &str) -> Vec<String> {
    let page = server.get(&format!("/checks/{name}")).text();
    assert!(!page.contains("<i>") && !page.contains("private@"), "pages ask for no token");
    let list = page.split("<h2>Declared</h2><dl>").nth(1).unwrap().split("</dl>").next().unwrap();
    let without_tags = |entry: &str| {
        let entry = entry.replace("</dt>", ": ").replace("</div>", "; ");
        let text: String =
            entry.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
        text.trim_end_matches([' ', ';']).replace("&quot;", "\"")
    };
    list.split("<dt>").skip(1).map(without_tags).collect()
}

#[test]
fn all_that_was_declared_is_on_the_page_and_what_was_not_is_left_out() {
    let server = Punctual::start(DECLARED);
    let expected =
        ["Name: plain", "Ref: fwqq3t", "Schedule: every 5m", "Grace: 5m", "Declared: punctual.yaml:5"];
    assert_eq!(declared(&server, "plain"), expected);
    let expected = [
        "Name: full",
        "Ref: w4smp4",
        "Formerly: old older",
        "Labels: team=&lt;i&gt;dba\u{202e}",
        "Schedule: cron \"0 2 * * *\" UTC",
        "Grace: 30m",
        "Counts early: up to 10m before it is due",
        "Starts within: 5m of when it is due",
        "Runs at most: 2h",
        "Runs at least: 1m: a success sooner is a failure",
        "Runs at a time: one: a second is a failure",
        "Failing after: 3 failures in a row",
        "Recovers after: 2 successes in a row, where it failed",
        "Stays paused: until somebody unpauses it: no ping does",
        "Counted over: the last 7d",
        "Pinged by: POST alone: no link's preview is a ping",
        "Quiet: for 8h from cron \"0 22 * * *\" Europe/Berlin · messages wait for its end; \
         for 1d from cron \"0 0 * * sun\" UTC · messages wait for its end",
        "Depends on: plain new",
        "Runbook: https://runbooks.example.org/full",
        "Declared: punctual.yaml:6",
    ];
    assert_eq!(declared(&server, "full"), expected);

    // 16.5: its users know it by its slug, which is no name here.
    let server = Punctual::start("compat: {coal_mine: {enabled: true}}\n");
    let answer = server.get("/coal-mine/v1/canary/create?name=J%C3%B6b&periodicity=3600").json();
    let name = answer["canary"]["id"].as_str().unwrap();
    assert!(declared(&server, name).contains(&"In coal-mine: jöb".to_owned()));
}

#[test]
fn the_style_may_be_kept_and_changes_its_address_when_it_changes() {
    let doors = open();
    let text = first(&doors, "");
    let start = text.find("style.css?").unwrap();
    let address = text[start..].split('"').next().unwrap();
    let answer = http::get(&doors.url(&format!("/{address}")));
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(answer.header("cache-control").contains("immutable"));
}
