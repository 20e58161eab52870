//! Every page in a real browser, at two widths, light and dark: by axe's rules nothing is in anybody's way, nothing is beside
//! the screen, and nothing is written to the console.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::http;
use crate::support::process::{PATIENCE, tool, wait_until};
use crate::support::punctual::{Punctual, punctual};

const TOKEN: &str = "token-that-operates";
const CONFIG: &str = "auth: {anonymous: read, tokens: [{name: oncall, scope: write, token: token-that-operates}]}\n\
    receivers: [{name: hook, webhook: {url: 'http://127.0.0.1:9/'}}]\n\
    default_receivers: [hook]\n\
    checks:\n\
    - {name: whole, every: 1h, group: db, labels: {team: dba, severity: critical}, title: Nightly backup,\n   \
       description: \"Runs ETL.\\nCall Bob.\", runbook_url: 'https://wiki.example.org/backup'}\n\
    - {name: soon, every: 1s, grace: 0s}\n\
    - {name: failed, every: 1h, group: web}\n\
    - {name: unbroken, every: 1s, grace: 0s, title: TITLE, description: 'https://example.org/TITLE'}\n\
    - {name: acked, every: 1h}\n\
    - {name: nightly, cron: '0 2 * * *', timezone: Europe/Berlin}\n\
    - {name: paused, every: 1h, paused: true}\n\
    - {name: due, every: 1s, grace: 10h}\n";
/// For whoever comes by, as far as forms make a difference.
const OPEN_PAGES: [&str; 4] = ["/", "/checks/failed", "/uptime", "/config"];
const PAGES: [&str; 26] = [
    "/",
    "/?sort=since&sections=team",
    "/uptime",
    "/uptime?by=month&q=group%3Ddb",
    "/uptime?q=/[/",
    "/?q=nothing",
    "/?status=bogus",
    "/checks/whole",
    "/checks/soon",
    "/checks/failed",
    "/checks/acked",
    "/checks/nightly",
    "/checks/paused",
    "/checks/none",
    "/checks/unbroken",
    "/audit",
    "/new",
    "/edit/made",
    "/edit/made?delete",
    "/edit/whole",
    "/edit/none",
    "/config",
    "/config?q=db&sort=group",
    "/config?q=team%3D~%28",
    "/runbook",
    "/sign-in",
];

/// What a page has that opens is open, and what is shown in need is shown.
const OPEN_ALL: &str = "
    document.querySelectorAll('main details').forEach((it) => (it.open = true));
    document.querySelectorAll('.stale').forEach((it) => (it.hidden = false));";

/// What axe finds serious or critical.
const FINDINGS: &str = "axe.run().then((found) => found.violations
    .filter((it) => ['serious', 'critical'].includes(it.impact))
    .map((it) => it.id + ': ' + it.nodes.map((node) => node.target + ' ' + node.failureSummary).slice(0, 3)))";

/// How many pixels of the page are beside the screen.
const BESIDE: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

/// Words of a dozen letters at most that are cut in a table. Where a hyphen or a slash stands between words, a line may end.
const CUT_WORDS: &str = "[...document.querySelectorAll('td, th')].flatMap((cell) => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), cut = [], range = document.createRange();
    while (texts.nextNode()) for (const found of texts.currentNode.data.matchAll(/[^\\s/-]+/g)) {
        if (found[0].length > 12) continue;
        range.setStart(texts.currentNode, found.index);
        range.setEnd(texts.currentNode, found.index + found[0].length);
        const lines = new Set([...range.getClientRects()].map((it) => Math.round(it.top)));
        if (lines.size > 1) cut.push(found[0] + ' is cut');
    }
    return cut;
})";

fn with_checks_of_every_status() -> Punctual {
    let long = "unbroken".repeat(20);
    let server = Punctual::start(&CONFIG.replace("TITLE", &long));
    for ping in ["whole/start", "whole", "soon", "failed/fail", "acked/fail", "due", "unbroken/fail"] {
        server.ping(ping);
    }
    http::post(&server.url("/ping/failed"), "what it wrote when all was well");
    server.ping("failed/start");
    http::post(&server.url("/ping/failed/fail?comment=said"), "what it wrote");
    server.ping("failed/log");
    for name in ["nobody", "nobody-2"] {
        assert_eq!(server.get(&format!("/ping/{name}")).status, 404);
    }
    let data = server.data().display().to_string();
    for arguments in [
        &["incidents", "ack", "acked", "--by", "ann"][..],
        &["incidents", "ack", "unbroken", "--by", &long[..96], "-c", &long],
        &["mute", "failed", "--for", "1h"],
    ] {
        let (is_done, said) = punctual(&[arguments, &["--storage.path", &data]].concat());
        assert!(is_done, "{said}");
    }
    let made =
        json!({"name": "made", "every": "5m", "labels": {"team": "dba"}, "early": null, "max_runtime": "1h"});
    let request = http::client().post(server.url("/api/v1/checks")).bearer_auth(TOKEN);
    assert_eq!(http::send(http::with_json(request, &made)).status, 201);
    wait_until("lateness", PATIENCE, || server.get("/?status=late").text().contains("checks/soon"));
    server
}

/// What axe finds on the page that is open, at each width and in each colour, and what is beside the screen.
fn findings(browser: &mut Browser, axe: &str) -> Vec<String> {
    browser.evaluate(OPEN_ALL);
    browser.evaluate(&format!("{axe};0"));
    let mut all = Vec::new();
    for (width, is_dark) in [(1280, false), (1280, true), (390, false), (390, true)] {
        browser.resize(width);
        browser.set_dark(is_dark);
        let found = browser.evaluate(FINDINGS);
        let beside = browser.evaluate(BESIDE);
        let cut = if width > 390 { browser.evaluate(CUT_WORDS) } else { json!([]) };
        let lines = found.as_array().unwrap().iter().chain(cut.as_array().unwrap()).map(Value::to_string);
        let beside = (beside != 0).then(|| format!("{beside} px are beside the screen"));
        all.extend(lines.chain(beside).map(|line| format!("{width} px, dark: {is_dark}: {line}")));
    }
    all
}

/// What is found on the pages that only a form leads to: with what is wrong, and with what others changed meanwhile.
fn findings_of_refused_forms(browser: &mut Browser, server: &Punctual, axe: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut send = |browser: &mut Browser, fields: &str, shows: &str| {
        browser.forget_loads();
        browser.evaluate(&format!(
            "{fields}.forEach(([name, text]) => (document.querySelector('.check [name=\"' + name + '\"]').value = text));
             document.querySelector('.check button').click()"
        ));
        browser.wait_loaded("what comes of a form");
        assert_eq!(browser.evaluate(&format!("document.querySelector('{shows}') !== null")), true, "{shows}");
        all.extend(findings(browser, axe).into_iter().map(|line| format!("{shows}: {line}")));
    };
    browser.open(&server.url("/new"));
    send(
        browser,
        "[['name', 'A b'], ['expect.within', '5'], ['labels', 'job: x'], ['rest', 'interval: 5m']]",
        ".fault",
    );
    browser.open(&server.url("/edit/made"));
    let request = http::client().patch(server.url("/api/v1/checks/made")).bearer_auth(TOKEN);
    let long = json!({"title": "another".repeat(20)});
    assert_eq!(http::send(http::with_json(request, &long)).status, 200);
    send(browser, "[['grace', '7m']]", "table.both");
    browser.open(&server.url("/edit/made"));
    let request = http::client().delete(server.url("/api/v1/checks/made")).bearer_auth(TOKEN);
    assert_eq!(http::send(request).status, 204);
    send(browser, "[['grace', '8m']]", "form.check[action=\"../new\"]");
    all
}

/// 22.9b
#[test]
fn no_page_is_in_anybodys_way_and_none_writes_to_the_console() {
    let axe = std::fs::read_to_string(tool("axe.min.js").get_program()).unwrap();
    let server = with_checks_of_every_status();
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    let mut faults: Vec<String> = Vec::new();
    for is_signed_in in [false, true] {
        if is_signed_in {
            browser.open(&server.url("/sign-in"));
            browser.sign_in(TOKEN);
        }
        let paths = if is_signed_in { &PAGES[..] } else { &OPEN_PAGES[..] };
        for path in paths {
            browser.open(&server.url(path));
            let found = findings(&mut browser, &axe);
            faults.extend(found.into_iter().map(|line| format!("{path}, signed in: {is_signed_in}: {line}")));
        }
    }
    faults.extend(findings_of_refused_forms(&mut browser, &server, &axe));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // That a page was not found or not understood the browser says by itself, and what it would advise.
    let is_ours = |line: &&String| !line.contains("status of 4") && !line.contains("\"level\":\"verbose\"");
    let console: Vec<String> = browser.console().iter().filter(is_ours).cloned().collect();
    assert_eq!(console, [""; 0]);

    browser.open(&server.url("/"));
    browser.evaluate("document.querySelector('.keys').click()");
    assert_eq!(findings(&mut browser, &axe), [""; 0], "the help");
    // It would find something.
    browser.open(&server.url("/"));
    browser.evaluate("document.querySelector('main').append(new Image(2000, 1))");
    let found = findings(&mut browser, &axe).join("\n");
    assert!(found.contains("image-alt") && found.contains("beside the screen"), "{found}");
    // As it was: a column may be as narrow as a letter.
    browser.open(&server.url("/config"));
    browser.evaluate("document.querySelectorAll('td').forEach((it) => (it.style.minWidth = 0))");
    let found = findings(&mut browser, &axe).join("\n");
    assert!(found.contains("hook is cut"), "{found}");
}

/// 22.9b
#[test]
fn pages_of_hundreds_and_thousands_of_checks_are_in_nobodys_way() {
    let axe = std::fs::read_to_string(tool("axe.min.js").get_program()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    for checks in [300, 10_000] {
        let server = with_many_checks(checks);
        for path in ["/", "/?status=late", "/incidents", "/checks/check-1", "/uptime"] {
            browser.open(&server.url(path));
            for width in [1280, 390] {
                browser.resize(width);
                assert_eq!(browser.evaluate(BESIDE), 0, "{path} of {checks} checks at {width} px");
            }
        }
        browser.open(&server.url("/"));
        browser.set_dark(checks > 300);
        // Its rows are alike, and axe looks at each for seconds.
        browser
            .evaluate("document.querySelectorAll('main tr:nth-child(n + 21)').forEach((it) => it.remove())");
        browser.evaluate(&format!("{axe};0"));
        assert_eq!(browser.evaluate(FINDINGS), serde_json::json!([]), "the first page of {checks} checks");
        // It asks no server that is not there any more.
        browser.open("about:blank");
    }
    let is_ours = |line: &&String| !line.contains("\"level\":\"verbose\"");
    let console: Vec<String> = browser.console().iter().filter(is_ours).cloned().collect();
    assert_eq!(console, [""; 0]);
}

#[test]
fn no_time_of_the_first_page_is_over_what_stands_beside_it() {
    let server = Punctual::start("checks: [{name: backup, every: 3d}, {name: report, cron: '0 2 1 * *'}]\n");
    server.ping("backup");
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.open(&server.url("/"));
    for width in [1920, 1280, 1100, 821] {
        browser.resize(width);
        let over = "[...document.querySelectorAll('.checks td.time')].filter((it) => it.scrollWidth > it.clientWidth).length";
        assert_eq!(browser.evaluate(over), 0, "at {width} px");
    }
    assert_eq!(browser.evaluate("document.querySelectorAll('.checks td.time time').length"), 3);
}

/// All of them late but for one that failed.
fn with_many_checks(count: usize) -> Punctual {
    let mut config = "auth: {anonymous: read}\nchecks:\n".to_owned();
    for i in 0..count {
        config.push_str(&format!(
            "- {{name: check-{i}, title: 'Nightly backup of a shop with a long name, number {i}', every: 1s, grace: 0s, \
             group: g{}, labels: {{team: t{}, severity: critical}}}}\n",
            i % 7,
            i % 5
        ));
    }
    let server = Punctual::start(&config);
    wait_until("lateness of all", PATIENCE, || server.sum("punctual_check_late", "check") >= count as u64);
    server.ping("check-1/fail");
    server
}
