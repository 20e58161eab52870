//! Pages as a browser shows them, measured there: on a phone, and with what opens.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::punctual::Punctual;

/// Of a page in which all is open that opens: how far it is beside the screen, and what scrolls though no key gets there
/// (axe: scrollable-region-focusable).
pub(crate) const BESIDE_AND_STUCK: &str = r#"
  const stuck = [];
  page.querySelectorAll('details').forEach((it) => it.open = true);
  const scrolls = (over) => over === 'auto' || over === 'scroll';
  for (const it of page.querySelectorAll('*')) {
    const style = f.contentWindow.getComputedStyle(it);
    const wide = scrolls(style.overflowX) && it.scrollWidth > it.clientWidth + 1;
    const high = scrolls(style.overflowY) && it.scrollHeight > it.clientHeight + 1;
    const within = it.querySelector('a, button, input, summary, [tabindex="0"]');
    if ((wide || high) && it.tabIndex < 0 && !within) stuck.push(it.tagName);
  }
  return page.documentElement.scrollWidth - page.documentElement.clientWidth + ' ' + stuck.join(' ');
"#;

/// How wide columns are, before and after each row shows its curl line.
const COLUMNS: &str = r#"
  const widths = () => [...page.querySelectorAll('th')].map((it) => Math.round(it.getBoundingClientRect().width)).join();
  const before = widths();
  page.querySelectorAll('td.ping details').forEach((it) => it.open = true);
  return before + ' ' + widths();
"#;

/// What a script finds in a page, in a frame of this width.
pub(crate) fn found(folder: &Path, page: &str, width: u32, script: &str) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = format!("<iframe id=f width={width} height=800 style='border:0' srcdoc=\"{page}\"></iframe>");
    let ask = format!(
        "f.onload = () => document.body.dataset.found = ((page) => {{{script}}})(f.contentDocument) + '|';"
    );
    let file = folder.join("frame.html");
    let whole = format!("<!doctype html><meta charset=utf-8><body>{frame}<script>{ask}</script>");
    std::fs::write(&file, whole).unwrap();
    let mut browser = tool("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"]);
    browser.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    let (_, said) = run(browser.arg(format!("file://{}", file.display())));
    let found = said.split("data-found=\"").nth(1).and_then(|rest| rest.split('|').next());
    found.unwrap_or_else(|| panic!("the browser has found nothing: {said}")).to_owned()
}

/// A page with its style in it.
fn styled(server: &Punctual, path: &str) -> String {
    with_style(server, &server.get(path).text())
}

/// The same of one that somebody has loaded.
pub(crate) fn with_style(server: &Punctual, page: &str) -> String {
    let style = server.get("/style.css").text();
    let (before, rest) = page.split_once("<link rel=\"stylesheet\"").unwrap_or((page, ">"));
    let (_, after) = rest.split_once('>').unwrap();
    format!("{before}<style>{style}</style>{after}")
}

/// W14
#[test]
fn on_a_phone_nothing_is_beside_the_screen_and_nothing_scrolls_that_no_key_reaches() {
    let mut config = "default_receivers: []\nchecks:\n".to_owned();
    let long = "a-name-that-goes-on-and-on-".repeat(3);
    for n in 0..3 {
        let _ = writeln!(
            config,
            "  - {{name: {long}{n}, title: '{}', every: 1h, group: a group of some length, description: '{}',\n     \
             labels: {{team: {}, severity: critical}}, runbook_url: 'https://wiki.example.org/{}'}}",
            "Ein langer Titel ".repeat(5),
            "word ".repeat(60),
            "x".repeat(60),
            "y".repeat(80)
        );
    }
    config.push_str("  - {name: soon, every: 1s, grace: 0s}\n");
    let server = Punctual::start(&config);
    server.get(&format!("/ping/{}", "no-such-check-".repeat(4)));
    let comment = "z".repeat(150);
    let body = format!("{}\n{}", "w".repeat(500), "several words ".repeat(50));
    let ping = server.url(&format!("/ping/{long}0/fail?comment={comment}"));
    assert_eq!(crate::support::http::post(&ping, body).status, 200);
    wait_until("lateness", PATIENCE, || server.get("/").text().contains("late"));
    let folder = tempfile::tempdir().unwrap();
    let check = format!("/checks/{long}0");
    for path in
        ["/", "/?q=nothing", "/?status=bogus", "/audit", &check, "/checks/soon", "/runbook", "/checks/nobody"]
    {
        assert_eq!(found(folder.path(), &styled(&server, path), 390, BESIDE_AND_STUCK), "0 ", "{path}");
    }
    // As it was: a table that scrolls by itself.
    let before = format!("<div style='overflow-x: auto'><table><td>{}</table></div>", "n".repeat(200));
    assert_eq!(found(folder.path(), &before, 390, BESIDE_AND_STUCK), "0 DIV");
}

/// W17
#[test]
fn a_curl_line_that_opens_moves_no_column() {
    let server = Punctual::start("checks: [{name: a, every: 1h}, {name: b, every: 1h, title: Another}]\n");
    let folder = tempfile::tempdir().unwrap();
    let page = styled(&server, "/");
    let widths = found(folder.path(), &page, 1280, COLUMNS);
    let (before, after) = widths.split_once(' ').unwrap();
    assert!(before.split(',').count() >= 6, "{widths}");
    assert_eq!(before, after);
    // As it was.
    let widths = found(
        folder.path(),
        &page.replace("position: absolute", "").replace("table-layout: fixed", ""),
        1280,
        COLUMNS,
    );
    let (before, after) = widths.split_once(' ').unwrap();
    assert_ne!(before, after);
}
