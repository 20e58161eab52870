//! The page of uptime: its numbers are those of the API, for what is searched for.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use punctual::core::uptime::percent;
use rusqlite::Connection;

use crate::support::http::Response;
use crate::support::punctual::Punctual;
use crate::uptime::insert;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Three checks of which each was late for some hours of the last days, and is paused since.
fn start() -> Punctual {
    let mut server = Punctual::start(
        "checks:\n\
         - {name: a, every: 1h, group: db, title: '<i>First</i>'}\n\
         - {name: b, every: 1h, group: db}\n\
         - {name: c, every: 1h, group: web}\n\
         - {name: fresh, every: 1h, group: web, paused: true}\n",
    );
    server.stop();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let db = Connection::open(server.data().join("punctual.db")).unwrap();
    for (name, hours) in [("a", 2), ("b", 9), ("c", 0)] {
        insert(&db, name, now - 20 * DAY, ("new", "up", ""));
        insert(&db, name, now - 5 * DAY - hours * HOUR, ("up", "late", "missing"));
        insert(&db, name, now - 5 * DAY, ("late", "up", ""));
        insert(&db, name, now - DAY, ("up", "paused", ""));
    }
    drop(db);
    server.start_again();
    server
}

fn ask(server: &Punctual, query: &str) -> String {
    let answer: Response = server.get(&format!("/uptime{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.text()
}

fn names(text: &str) -> Vec<String> {
    let links = text.split("<a class=\"name\" href=\"checks/").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

/// 25.5
#[test]
fn the_page_has_the_numbers_of_the_api_the_worst_first() {
    let server = start();
    let check = |by: &str, format: &str| {
        let text = ask(&server, &format!("?by={by}"));
        assert_eq!(names(&text), ["b", "a", "c", "fresh"], "{by}");
        let reports = server.get(&format!("/api/v1/uptime?by={by}")).json();
        for report in reports["uptime"].as_array().unwrap() {
            let name = report["name"].as_str().unwrap();
            let row =
                text.split(&format!("href=\"checks/{name}\"")).nth(1).unwrap().split("</tr>").next().unwrap();
            let up = percent(report["total"]["up"].as_f64());
            assert!(row.contains(&format!("data-label=\"Up\">{up}<")), "{by} {name} {up}: {row}");
            for part in report["parts"].as_array().unwrap() {
                let from = part["from"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
                let title = format!("<title>{}: {} (", from.format(format), percent(part["up"].as_f64()));
                assert!(row.contains(&title), "{by} {name} {title}: {row}");
            }
        }
    };
    check("day", "%a %Y-%m-%d");
    check("week", "week of %Y-%m-%d");
    check("month", "%Y-%m");
}

/// 25.5
#[test]
fn what_a_search_finds_is_summed_up() {
    let server = start();
    let text = ask(&server, "?q=group%3Ddb");
    assert_eq!(names(&text), ["b", "a"]);
    let sum = text.split("<section class=\"sum\"").nth(1).unwrap().split("</section>").next().unwrap();
    // 2 × 19 days, of which 11 hours were late.
    let up = percent(Some(1.0 - 11.0 / (38.0 * 24.0)));
    for part in [
        "All 2 checks together",
        &format!("<strong>{up}</strong> up: late 11h 0m"),
        "<table class=\"numbers\">",
    ] {
        assert!(sum.contains(part), "{part}: {sum}");
    }
    assert!(text.contains("<bdi>&lt;i&gt;First&lt;/i&gt;</bdi>"));
    let one = ask(&server, "?q=check%3Da&by=week");
    assert!(!one.contains("together") && one.contains("longest down: week of"), "{one}");
    assert!(one.contains("href=\"?q=check%3Da&amp;by=month\""), "the search stays: {one}");
    assert!(ask(&server, "?q=nothing").contains("No check matches."));
    assert!(ask(&server, "?by=nonsense&page=0").contains("All 4 checks"));
    for query in ["?q=team%3D~%5B", "?q=/[/"] {
        let answer = server.get(&format!("/uptime{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text().contains("role=\"alert\""));
    }
    assert!(server.get("/").text().contains("<a href=\"uptime\">uptime</a>"));
    assert!(server.get("/checks/a").text().contains("<a href=\"../uptime?by=month&amp;q=check%3Da\">"));
}

/// 25.5
#[test]
fn many_checks_come_page_by_page_and_more_than_five_hundred_without_a_sum() {
    let check = |count: usize, has_sum: bool| {
        let checks: String = (0..count).map(|i| format!("- {{name: check-{i:03}, every: 1h}}\n")).collect();
        let server = Punctual::start(&format!("checks:\n{checks}"));
        let first = ask(&server, "");
        assert_eq!((names(&first).len(), first.contains("together")), (50, has_sum), "{count}");
        assert!(first.contains("href=\"?page=2\" rel=\"next\""));
        let pages = count.div_ceil(50);
        let mut all: Vec<String> =
            (1..=pages).flat_map(|page| names(&ask(&server, &format!("?page={page}")))).collect();
        assert!(all.is_sorted(), "none is worse than another");
        all.dedup();
        assert_eq!(all.len(), count);
        let (last, beyond) = (ask(&server, &format!("?page={pages}")), ask(&server, "?page=99999999999"));
        assert_eq!(names(&beyond), names(&last));
        let links = |text: &str| {
            text.split("<nav class=\"pages\"").nth(1).unwrap().split("</nav>").next().unwrap().to_owned()
        };
        assert_eq!(links(&beyond), links(&last));
    };
    check(120, true);
    check(501, false);
}
