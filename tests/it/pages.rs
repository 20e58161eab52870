//! Pages for people.

use std::sync::atomic::Ordering;

use punctual::core::check::Name;
use punctual::http::limits::Limits;
use punctual::http::{Access, Notices, PingKeys};

use crate::support::doors::Doors;
use crate::support::http::{self, Response};

fn open() -> Doors {
    Doors::open(Limits::default())
}

fn page(doors: &Doors, path: &str) -> Response {
    let answer = http::get(&doors.url(path));
    assert!(answer.header("content-type").starts_with("text/html"), "{path}");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!answer.text().contains("<script"), "pages work without scripts");
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
        assert!(text.contains(&format!("-o /dev/null {}/ping/{name}<", doors.app.external_url)), "{name}");
    }
    assert!(!text.contains("href=\"http"), "a ping URL is never a link: a browser might follow it");
    let ping_keys = PingKeys::new([("a", &b"secret-key"[..])], true);
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
    check("?status=nonsense", &["backup", "post-only", "worker"]);
    let text = first(&doors, "?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(text.contains("value=\"&quot;&gt;&lt;script&gt;"), "what was asked for is shown, and escaped");
}

#[test]
fn nothing_that_came_from_outside_becomes_markup() {
    let doors = open();
    http::get(&doors.url("/ping/%3Cimg%20src=x%20onerror=alert(1)%3E"));
    http::get(&doors.url("/ping/new-job"));
    let kept = vec![Name::parse("kept-one").unwrap()];
    doors.app.set_notices(Notices { reload_fault: None, kept });
    doors.app.set_reload_fault("<i>fault</i>".into());
    assert!(first(&doors, "").contains("were kept"), "a fault of a reload does not take that back");
    for path in ["/", "/checks/backup", "/checks/%3Cscript%3E"] {
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
    assert!(text.contains("&lt;img src=x onerror=alert(1)&gt;") && text.contains("a name is made of"));
    assert!(text.contains("- {name: new-job, every: 1h}"), "the YAML to paste");
    assert!(text.contains("could not be reloaded") && text.contains("&lt;i&gt;fault"));
}

#[test]
fn deliveries_that_were_given_up_are_said_for_a_day() {
    let doors = open();
    let totals = &doors.app.live.totals;
    let now_ms = doors.app.clock.now().as_ms();
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
