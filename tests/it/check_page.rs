//! The page of a check: its timeline, its runs, what it said, and the lines to copy.

use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use punctual::core::uptime::percent;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::http;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::uptime::insert;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const CONFIG: &str = "checks:\n\
    - {name: nightly, cron: '0 2 * * *'}\n\
    - {name: busy, cron: '*/5 * * * *', grace: 1h}\n\
    - {name: job, every: 1h, title: '</title></svg><script>window.hit = 1</script>'}\n";

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// A server in whose database this was written while it was stopped.
fn with_flips(config: &str, write: impl FnOnce(&Connection)) -> Punctual {
    let mut server = Punctual::start(config);
    server.stop();
    let mut db = Connection::open(server.data().join("punctual.db")).unwrap();
    let transaction = db.transaction().unwrap();
    write(&transaction);
    transaction.commit().unwrap();
    drop(db);
    server.start_again();
    server
}

fn page(server: &Punctual, name: &str) -> String {
    let answer = server.get(&format!("/checks/{name}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// The part of a page under a heading.
fn under<'t>(text: &'t str, heading: &str) -> &'t str {
    let rest = text.split(&format!("<h2>{heading}</h2>")).nth(1);
    rest.unwrap_or_else(|| panic!("{heading}: {text}")).split("<h2>").next().unwrap()
}

/// What a browser makes of a text of a page.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// 22.8f: also the numbers of the API, day by day.
#[test]
fn a_timeline_shows_what_was_expected_what_was_and_what_is() {
    let now = now_ms();
    let server = with_flips(CONFIG, |db| {
        insert(db, "nightly", now - 10 * DAY, ("new", "up", ""));
        insert(db, "nightly", now - 3 * DAY, ("up", "late", "missing"));
        insert(db, "nightly", now - 3 * DAY + 2 * HOUR, ("late", "up", ""));
        insert(db, "nightly", now - DAY, ("up", "paused", ""));
    });
    let text = page(&server, "nightly");
    let timeline = under(&text, "The last 30 days");
    let report = server.get("/api/v1/checks/nightly/uptime?by=day").json();
    for part in report["parts"].as_array().unwrap() {
        let from = part["from"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        if now - from.timestamp_millis() < HOUR {
            // The page draws up to the last full hour: the first hour of a day is on it after that.
            continue;
        }
        let (day, up) = (from.format("%a %Y-%m-%d"), percent(part["up"].as_f64()));
        let line = format!("<th scope=\"row\">{day}</th><td data-label=\"Up\">{up}</td>");
        assert!(timeline.contains(&line), "{line}: {timeline}");
    }
    let total = percent(report["total"]["up"].as_f64());
    assert!(timeline.contains(&format!("<p>Up <strong>{total}</strong>: late 2h 0m")));
    let dues = timeline.matches("<title>due ").count();
    assert!((28..=30).contains(&dues), "{dues} times at 2 o'clock: {timeline}");
    assert!(timeline.contains("url(#pattern-late)") && timeline.contains("url(#pattern-paused)"));
    assert!(timeline.contains("aria-label=\"now new\""), "{timeline}");
    assert_eq!(text.matches("id=\"pattern-late\"").count(), 1);
    let busy = page(&server, "busy");
    assert!(!busy.contains("<title>due "), "8640 marks would be one line");
    server.ping("nightly/fail");
    let failing = "aria-label=\"now failing: the job said that it failed, since 2";
    wait_until("the failure on the timeline", PATIENCE, || page(&server, "nightly").contains(failing));
}

/// 22.8f
#[test]
fn ten_thousand_flips_make_no_larger_page() {
    let now = now_ms();
    let server = with_flips(CONFIG, |db| {
        for number in 0..6_000 {
            let at = now - 20 * DAY + number * 240_000;
            insert(db, "job", at, ("late", "up", ""));
            insert(db, "job", at + 120_000, ("up", "late", "missing"));
        }
    });
    let (many, few) = (page(&server, "job"), page(&server, "busy"));
    let bars = |text: &str| under(text, "The last 30 days").matches("<g>").count();
    assert!(bars(&many) > 110 && bars(&many) <= 121, "{}", bars(&many));
    assert!(many.len() < few.len() + 40_000, "{} and {}", many.len(), few.len());
    assert!(under(&many, "The last 30 days").contains("late 3h"), "half of each quarter of a day");
}

/// 22.8g, 22.8h
#[test]
fn runs_are_one_line_each_and_the_last_output_stands_beside_that_of_the_last_failure() {
    let server = Punctual::start(CONFIG);
    let said = |end: &str, body: &str| {
        server.ping("busy/start");
        assert_eq!(http::post(&server.url(&format!("/ping/busy{end}")), body.to_owned()).status, 200);
    };
    said("/3?m=no+space", "line one\nTraceback: <b>no space</b>\n");
    said("", "all is well\n");
    said("", "all is well again\n");
    let text = page(&server, "busy");
    assert!(text.contains("1 of the last 3 failed"), "{text}");
    let runs = under(&text, "Last runs");
    assert!(runs.contains("The last 3 runs: median ") && runs.contains(", 1 failed"), "{runs}");
    assert_eq!((runs.matches("✗").count(), runs.matches("data-label=\"Began\"").count()), (1, 3));
    assert!(runs.contains("exit status 3: no space</title>"), "{runs}");
    assert!(text.contains("<summary>Each ping</summary>"), "they are there, too");
    let outputs = under(&text, "What it said");
    for (title, said) in [
        ("Last output", "<pre>all is well again</pre>"),
        ("Output of the last failure", "<pre>line one\nTraceback: &lt;b&gt;no space&lt;/b&gt;</pre>"),
    ] {
        let section = outputs.split(&format!("<h3>{title}</h3>")).nth(1).unwrap().split("</section>").next();
        assert!(section.unwrap().contains(said), "{title}: {outputs}");
    }
    said("/fail", "again");
    let text = page(&server, "busy");
    assert!(under(&text, "What it said").contains("<h3>Last output, of a failure</h3>"));
    assert!(!text.contains("Output of the last failure"));
    for without in ["Last runs", "What it said"] {
        assert!(!page(&server, "nightly").contains(without), "{without}");
    }
}

/// The lines of a way to ping.
fn lines(text: &str, way: &str) -> String {
    let rest = text.split(&format!("data-key=\"lines for {way}\"")).nth(1).unwrap();
    unescaped(rest.split("<pre>").nth(1).unwrap().split("</pre>").next().unwrap())
}

/// 22.8h
#[test]
fn lines_to_copy_have_the_checks_own_address_and_no_key() {
    let config = format!("auth: {{ping_keys: [{{name: jobs, key: key-of-the-jobs}}]}}\n{CONFIG}");
    let server = Punctual::start(&config);
    let text = page(&server, "nightly");
    assert!(!text.contains("key-of-the-jobs") && text.contains("<code>KEY</code> stands for a ping key"));
    let url = server.url("/ping/KEY/nightly");
    for way in ["cron", "systemd", "Kubernetes", "Python", "PowerShell"] {
        assert!(lines(&text, way).contains(&url), "{way}: {}", lines(&text, way));
    }
    let curl = "curl -fsS -m 10 --retry 5 --retry-connrefused -o /dev/null";
    assert_eq!(lines(&text, "cron"), format!("0 2 * * * your-job; {curl} {url}/$?"));
    let systemd = lines(&text, "systemd");
    let end = format!("{curl} \"{url}/$$how?rid=$$INVOCATION_ID\"'");
    assert!(systemd.ends_with(&end), "{systemd}");
    let kubernetes = lines(&text, "Kubernetes");
    for part in ["\n  schedule: \"0 2 * * *\"\n  timeZone: UTC\n", "metadata: {name: nightly}"] {
        assert!(kubernetes.contains(part), "{part}: {kubernetes}");
    }
}

/// 22.8h: a status that is a number, and a job that a signal has ended.
#[test]
fn the_lines_for_systemd_tell_of_a_job_that_was_killed() {
    let server = Punctual::start(CONFIG);
    let unit = lines(&page(&server, "job"), "systemd");
    let stop = unit.split("/bin/sh -c '").nth(1).unwrap().strip_suffix('\'').unwrap();
    // As systemd understands it.
    let stop = stop.replace("$$", "$").replace("%%", "%");
    for (code, status) in [("exited", "0"), ("exited", "3"), ("killed", "KILL"), ("dumped", "SEGV")] {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &stop]).env("EXIT_CODE", code).env("EXIT_STATUS", status);
        let output = shell.env("INVOCATION_ID", format!("run-{status}")).output().unwrap();
        assert!(output.status.success(), "{code}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let pings = server.get("/api/v1/checks/job/pings").json();
    let kinds: Vec<&Value> = pings["pings"].as_array().unwrap().iter().map(|ping| &ping["kind"]).collect();
    assert_eq!(kinds, [&json!("fail"), &json!("fail"), &json!("fail"), &json!("success")]);
}

/// 22.8h: what Python makes of its lines.
#[test]
fn the_lines_for_python_tell_of_a_failure() {
    let server = Punctual::start(CONFIG);
    let job = "def your_job(): raise ValueError('no space')\n";
    let mut python = Command::new("python3");
    python.arg("-c").arg(format!("{job}{}", lines(&page(&server, "job"), "Python")));
    let output = python.stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("ValueError"));
    let pings = server.get("/api/v1/checks/job/pings").json();
    let kinds: Vec<&Value> = pings["pings"].as_array().unwrap().iter().map(|ping| &ping["kind"]).collect();
    assert_eq!(kinds, [&json!("fail"), &json!("start")]);
    assert!(page(&server, "job").contains("<pre>no space</pre>"));

    // Where punctual does not answer, the job is done all the same.
    let job = "def your_job(): print('done')\n";
    let lines = lines(&page(&server, "job"), "Python");
    drop(server);
    let output = Command::new("python3").arg("-c").arg(format!("{job}{lines}")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("done\n"), "{said}");
}

/// 22.8g, 22.8h
#[test]
fn no_text_of_a_job_runs_and_lines_are_copied_where_scripts_run() {
    let server = Punctual::start(CONFIG);
    server.ping("job/start");
    let hostile = "</title></svg><script>window.hit = 1</script><img src=x onerror=window.hit=1>";
    let comment: String = hostile.bytes().map(|byte| format!("%{byte:02x}")).collect();
    http::post(&server.url(&format!("/ping/job/fail?m={comment}")), hostile);
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    for path in ["/checks/job", "/uptime", "/"] {
        browser.open(&server.url(path));
        assert_eq!(browser.evaluate("window.hit ?? 0"), json!(0), "{path}");
        assert_eq!(browser.evaluate("document.querySelectorAll('main script, main img').length"), json!(0));
    }
    browser.open(&server.url("/checks/job"));
    assert!(browser.text("document.querySelector('.durations title').textContent").ends_with(hostile));
    assert_eq!(browser.text("document.querySelector('.outputs pre').textContent"), hostile);
    browser.evaluate("document.querySelector('details[data-key=\"lines for cron\"]').open = true");
    browser.evaluate("document.querySelector('details[data-key=\"lines for cron\"] button').focus()");
    browser.press("Enter");
    let button = "document.querySelector('details[data-key=\"lines for cron\"] button').firstChild.data";
    browser.wait_until(&format!("{button} === 'Copied'"), PATIENCE);
    let chosen = browser.text("getSelection().toString()");
    assert!(chosen.starts_with("0 * * * * your-job; curl ") && chosen.ends_with("/ping/job/$?"), "{chosen}");
    assert_eq!(browser.console(), [""; 0]);
    browser.set_scripts(false);
    browser.open(&server.url("/checks/job"));
    assert_eq!(browser.text("getComputedStyle(document.querySelector('button.copy')).display"), "none");
    assert_eq!(
        browser.evaluate("document.querySelector('svg.bars').getBoundingClientRect().width > 300"),
        json!(true)
    );
}

/// 22.9b
#[test]
fn a_timeline_lives_and_its_table_stays_open() {
    let server = Punctual::start(CONFIG);
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.open(&server.url("/checks/nightly"));
    let now = "document.querySelector('svg.now').getAttribute('aria-label')";
    assert_eq!(browser.text(now), "now new");
    browser.evaluate("document.querySelector('details[data-key=\"by day\"]').open = true");
    server.ping("nightly/fail");
    browser.evaluate("void dispatchEvent(new Event('online'))");
    browser.wait_until(&format!("{now}.startsWith('now failing')"), PATIENCE);
    let title = "document.querySelector('svg.now title').textContent";
    assert_eq!(browser.text(title), browser.text(now));
    assert_eq!(browser.evaluate("document.querySelector('details[data-key=\"by day\"]').open"), json!(true));
    let space = "document.querySelector('svg.now rect').namespaceURI";
    assert_eq!(browser.text(space), "http://www.w3.org/2000/svg");
    assert_eq!(browser.console(), [""; 0]);
}
