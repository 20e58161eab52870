//! How checks have been (§25): the API and the command of a real server, over what happened to it and over what stands in its
//! database since long ago.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::http::Response;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::{Punctual, punctual};

const CONFIG: &str = "\
defaults: {timezone: Europe/Berlin}
checks:
  - {name: backup, every: 1h, labels: {team: dba}}
  - {name: export, every: 1h, labels: {team: web}}
  - {name: report, every: 1h, labels: {team: dba}}
  - {name: spoilt, every: 1h, labels: {team: web}}
";

/// The flips of `backup` around the night in which clocks are set forward: when, from, to, and the causes after it.
const FLIPS: [(&str, &str, &str, &str); 5] = [
    ("2026-03-28T10:00:00Z", "new", "up", ""),
    ("2026-03-29T00:30:00Z", "up", "late", "missing"),
    ("2026-03-29T02:30:00Z", "late", "up", ""),
    ("2026-03-30T06:00:00Z", "up", "paused", ""),
    ("2026-03-30T12:00:00Z", "paused", "up", ""),
];

/// The flips of `spoilt`: something else has written one of them.
const SPOILT: [(&str, (&str, &str, &str)); 3] = [
    ("2026-03-10T00:00:00Z", ("new", "up", "")),
    ("2026-03-11T00:00:00Z", ("up", "l\0te", "mis\u{1}sing")),
    ("2026-03-12T00:00:00Z", ("late", "up", "")),
];

/// Flips of `report`, one a minute from February on: more than a page of history has.
const MANY: i64 = 3_000;

fn ms(time: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(time).unwrap().timestamp_millis()
}

/// Adds a flip to what happened to a check.
pub(crate) fn insert(db: &Connection, check: &str, at: i64, (from, to, cause): (&str, &str, &str)) {
    let causes = if cause.is_empty() { json!([]) } else { json!([[cause, at, null]]) };
    db.execute(
        "INSERT INTO flips (check_id, at, from_status, to_status, reason, begun, ended, causes)
         SELECT id, ?2, ?3, ?4, 'judged', '[]', '[]', ?5 FROM checks WHERE name = ?1",
        (check, at, from, to, causes.to_string()),
    )
    .unwrap();
}

/// A server whose database has flips from long ago: of the check `backup` these, and of `report` very many: it was up for a
/// minute and late for one, again and again.
fn start() -> Punctual {
    let mut server = Punctual::start(CONFIG);
    server.stop();
    let mut db = Connection::open(server.data().join("punctual.db")).unwrap();
    let transaction = db.transaction().unwrap();
    for (at, from, to, cause) in FLIPS {
        insert(&transaction, "backup", ms(at), (from, to, cause));
    }
    for minute in (0..MANY).step_by(2) {
        let at = ms("2026-02-01T00:00:00Z") + minute * 60_000;
        insert(&transaction, "report", at, ("late", "up", ""));
        insert(&transaction, "report", at + 60_000, ("up", "late", "missing"));
    }
    for (at, change) in SPOILT {
        insert(&transaction, "spoilt", ms(at), change);
    }
    transaction.commit().unwrap();
    drop(db);
    server.start_again();
    server
}

fn ask(server: &Punctual, path: &str) -> Response {
    server.get(&format!("/api/v1{path}"))
}

fn report(server: &Punctual, path: &str) -> Value {
    let answer = ask(server, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

/// The seconds of a part that are not 0, with their kinds.
fn seconds(part: &Value) -> String {
    let kinds = ["good", "late", "failing", "unknown", "paused", "unseen"];
    let some = kinds.iter().filter_map(|kind| {
        let seconds = part[format!("{kind}_seconds")].as_f64().unwrap();
        (seconds > 0.0).then(|| format!("{kind} {seconds}"))
    });
    some.collect::<Vec<_>>().join(", ")
}

const DAYS: &str = "from=2026-03-28&to=2026-03-31";

/// 25.1, 25.2, 25.3
#[test]
fn days_are_those_of_the_zone_and_what_was_before_the_oldest_flip_is_unseen() {
    let server = start();
    let report = report(&server, &format!("/checks/backup/uptime?{DAYS}&by=day"));
    assert_eq!((&report["by"], &report["timezone"]), (&json!("day"), &json!("Europe/Berlin")));
    let parts = report["parts"].as_array().unwrap();
    let written: Vec<String> =
        parts.iter().map(|part| format!("{} {}", part["from"], seconds(part))).collect();
    assert_eq!(
        written,
        [
            "\"2026-03-29T22:00:00Z\" good 64800, paused 21600",
            "\"2026-03-28T23:00:00Z\" good 75600, late 7200",
            "\"2026-03-27T23:00:00Z\" good 46800, unseen 39600",
        ]
    );
    let up: Vec<String> = parts.iter().map(|part| format!("{:.6}", part["up"].as_f64().unwrap())).collect();
    assert_eq!(up, ["1.000000", "0.913043", "1.000000"]);
    assert_eq!(seconds(&report["total"]), "good 187200, late 7200, paused 21600, unseen 39600");
    let interval = |status: &str, from: &str, to: &str, reason: Option<&str>| json!({"status": status, "from": from, "to": to, "reason": reason});
    assert_eq!(
        report["intervals"],
        json!([
            interval("good", FLIPS[4].0, "2026-03-30T22:00:00Z", None),
            interval("paused", FLIPS[3].0, FLIPS[4].0, None),
            interval("good", FLIPS[2].0, FLIPS[3].0, None),
            interval("late", FLIPS[1].0, FLIPS[2].0, Some("missing")),
            interval("good", FLIPS[0].0, FLIPS[1].0, None),
            interval("unseen", "2026-03-27T23:00:00Z", FLIPS[0].0, None),
        ])
    );
    // No incident of that time is kept.
    assert_eq!(report["total"]["incidents"], Value::Null);
}

/// 25.4
#[test]
fn a_check_with_many_flips_is_read_page_by_page() {
    let server = start();
    let over = "from=2026-01-31&to=2026-02-04&by=day&timezone=UTC";
    let report = report(&server, &format!("/checks/report/uptime?{over}"));
    let days: Vec<String> = report["parts"].as_array().unwrap().iter().map(seconds).collect();
    assert_eq!(
        days,
        ["good 3600, late 82800", "good 43200, late 43200", "good 43200, late 43200", "unseen 86400"]
            .map(str::to_owned)
    );
    assert_eq!(report["intervals"].as_array().unwrap().len(), 3_001);
}

/// 14.6, 25.1
#[test]
fn a_flip_that_cannot_be_read_ends_no_report() {
    let server = start();
    let report = report(&server, "/checks/spoilt/uptime?from=2026-03-09&to=2026-03-13&timezone=UTC");
    assert_eq!(seconds(&report["total"]), "good 172800, unseen 172800");
}

/// 25.1: by what happens now.
#[test]
fn incidents_say_how_long_people_and_jobs_took() {
    let server = start();
    server.ping("export/fail");
    let data = server.data();
    let acknowledged = punctual(&["incidents", "ack", "export", "--storage.path", data.to_str().unwrap()]);
    assert!(acknowledged.0, "{}", acknowledged.1);
    server.ping("export");
    let mut report_now = Value::Null;
    wait_until("the incident has ended", PATIENCE, || {
        report_now = report(&server, "/checks/export/uptime");
        report_now["total"]["incidents"]["ended"] == 1
    });
    let total = &report_now["total"];
    let incidents = &total["incidents"];
    assert_eq!((&incidents["opened"], &incidents["ended"]), (&json!(1), &json!(1)), "{incidents}");
    for key in ["to_acknowledge", "to_resolve"] {
        assert_eq!(incidents[key]["count"], 1, "{incidents}");
        assert_eq!(incidents[key]["median_seconds"], incidents[key]["longest_seconds"], "{incidents}");
    }
    let failing = total["failing_seconds"].as_f64().unwrap();
    assert_eq!(incidents["to_resolve"]["longest_seconds"].as_f64().unwrap(), failing, "{report_now}");
    let statuses: Vec<&str> =
        report_now["intervals"].as_array().unwrap().iter().map(|i| i["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["good", "failing", "good", "unseen"], "{report_now}");
    assert_eq!(report_now["intervals"][1]["reason"], "failed");
}

/// 25.4
#[test]
fn many_checks_are_reported_page_by_page() {
    let server = start();
    let names = |page: &Value| -> Vec<String> {
        let reports = page["uptime"].as_array().unwrap();
        reports.iter().map(|report| report["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = report(&server, &format!("/uptime?{DAYS}"));
    assert_eq!(names(&all), ["backup", "export", "report", "spoilt"]);
    assert_eq!((&all["uptime"][0]["parts"], &all["next_cursor"]), (&json!([]), &Value::Null));
    assert_eq!(all["uptime"][0]["intervals"], Value::Null);
    assert_eq!(seconds(&all["uptime"][1]["total"]), "unseen 255600");
    let first = report(&server, &format!("/uptime?{DAYS}&limit=1&matchers=team%3Ddba"));
    assert_eq!((names(&first), &first["next_cursor"]), (vec!["backup".to_owned()], &json!("backup")));
    let second = report(&server, &format!("/uptime?{DAYS}&limit=1&matchers=team%3Ddba&cursor=backup"));
    assert_eq!((names(&second), &second["next_cursor"]), (vec!["report".to_owned()], &Value::Null));
}

/// 25.4
#[test]
fn what_cannot_be_reported_is_said_with_what_to_do() {
    let server = start();
    let check = |query: &str, status: u16, expected: &str| {
        for path in ["/checks/backup/uptime", "/uptime"] {
            let answer = ask(&server, &format!("{path}?{query}"));
            assert_eq!(answer.status, status, "{path}?{query}: {}", answer.text());
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(expected), "{path}?{query}: {detail}");
        }
    };
    check("by=year", 400, "`by` is one of day, week, month");
    check("timezone=europe/berlin", 400, "did you mean `Europe/Berlin`?");
    check("from=yesterday", 400, "`from` is a day or a time, as in 2026-03-28 or 2026-03-28T06:00:00Z");
    check("from=2026-03-28&to=2026-03-28", 400, "`from` is before `to` and before now");
    check("from=2999-01-01", 400, "`from` is before `to` and before now");
    check("from=2020-01-01&by=day", 400, "more than 400 parts: ask for a shorter time, or by week or month");
    check("form=2026-03-28", 400, "there is no parameter `form` here");
    assert_eq!(ask(&server, "/checks/nowhere/uptime").status, 404);
    assert_eq!(ask(&server, "/uptime?from=0001-01-01").status, 200);
}

fn uptime(server: &Punctual, arguments: &[&str]) -> String {
    let url = server.url("");
    let (is_done, said) = punctual(&[&["uptime", "--server", &url], arguments].concat());
    assert!(is_done, "{arguments:?}: {said}");
    said
}

/// 25.1, 25.2
#[test]
fn the_command_writes_columns_json_and_markdown() {
    let server = start();
    let over = ["--from", "2026-03-28", "--to", "2026-03-31"];
    let columns = uptime(&server, &[&["--matcher", "team=dba"], &over[..]].concat());
    assert_eq!(
        columns,
        "From 2026-03-28 to 2026-03-31 (Europe/Berlin).\n\
         \n\
         CHECK   UP       LATE   FAILING  UNKNOWN  PAUSED  UNSEEN  INCIDENTS  TO ACKNOWLEDGE  TO RESOLVE\n\
         report  0.00 %   2d23h  -        -        -       -       -          -               -\n\
         backup  96.29 %  2h     -        -        6h      11h     -          -               -\n"
    );
    let days = uptime(&server, &[&["backup", "--by", "day"], &over[..]].concat());
    assert!(days.contains("\nbackup  all         96.29 %   2h "), "{days}");
    assert!(days.contains("\nbackup  2026-03-29  91.30 %   2h "), "{days}");
    let page = uptime(&server, &[&["backup", "--by", "day", "--output", "markdown"], &over[..]].concat());
    assert_eq!(
        page,
        "# Uptime\n\
         \n\
         From 2026-03-28 to 2026-03-31 (Europe/Berlin).\n\
         \n\
         | Check | Up | Late | Failing | Unknown | Paused | Unseen | Incidents | To acknowledge | To resolve |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
         | backup | 96.29 % | 2h | - | - | 6h | 11h | - | - | - |\n\
         \n\
         ## backup\n\
         \n\
         | From | Up | Late | Failing | Unknown | Paused | Unseen | Incidents | To acknowledge | To resolve |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
         | 2026-03-30 | 100.00 % | - | - | - | 6h | - | - | - | - |\n\
         | 2026-03-29 | 91.30 % | 2h | - | - | - | - | - | - | - |\n\
         | 2026-03-28 | 100.00 % | - | - | - | - | 11h | - | - | - |\n\
         \n\
         Up is the good time of the good, late and failing time. To acknowledge and to resolve: how many, the median and the longest of the incidents that ended.\n"
    );
    let listed: Value =
        serde_json::from_str(&uptime(&server, &[&["-o", "json"], &over[..]].concat())).unwrap();
    assert_eq!(listed["uptime"].as_array().unwrap().len(), 4);
    let url = server.url("");
    let (is_done, said) = punctual(&["uptime", "bakcup", "--server", &url]);
    assert!(!is_done && said.contains("backup"), "{said}");
}
