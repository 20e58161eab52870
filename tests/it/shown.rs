//! Pages as a phone shows them, measured by a browser: nothing is beside the screen, and what scrolls a keyboard can scroll.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::punctual::Punctual;

/// What the browser is asked of a page in a frame of 390 pixels, with everything open that opens: how far it is beside the screen, and what
/// scrolls though no key gets there (axe: scrollable-region-focusable).
const MEASURE: &str = r#"
f.onload = () => {
  const page = f.contentDocument, stuck = [];
  page.querySelectorAll('details').forEach((it) => it.open = true);
  const scrolls = (over) => over === 'auto' || over === 'scroll';
  for (const it of page.querySelectorAll('*')) {
    const style = f.contentWindow.getComputedStyle(it);
    const wide = scrolls(style.overflowX) && it.scrollWidth > it.clientWidth + 1;
    const high = scrolls(style.overflowY) && it.scrollHeight > it.clientHeight + 1;
    const within = it.querySelector('a, button, input, summary, [tabindex="0"]');
    if ((wide || high) && it.tabIndex < 0 && !within) stuck.push(it.tagName + ' ' + it.className);
  }
  document.body.dataset.found = [
    f.contentWindow.innerWidth, page.documentElement.scrollWidth - page.documentElement.clientWidth, stuck.join(';')
  ].join(' ') + '|';
};
"#;

/// How much of a page is beside the screen, and what of it is stuck.
fn measured(folder: &Path, page: &str) -> (u32, String) {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = format!("<iframe id=f width=390 height=800 style='border:0' srcdoc=\"{page}\"></iframe>");
    let file = folder.join("frame.html");
    std::fs::write(
        &file,
        format!("<!doctype html><meta charset=utf-8><body>{frame}<script>{MEASURE}</script>"),
    )
    .unwrap();
    let mut browser = tool("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--dump-dom"]);
    browser.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    let (_, said) = run(browser.arg(format!("file://{}", file.display())));
    let found = said.split("data-found=\"").nth(1).and_then(|rest| rest.split('|').next());
    let found = found.unwrap_or_else(|| panic!("the browser has measured nothing: {said}"));
    let mut parts = found.splitn(3, ' ');
    let mut number = || parts.next().unwrap().parse::<u32>().unwrap();
    let (frame, beside) = (number(), number());
    assert_eq!(frame, 390, "it is measured as on a phone");
    (beside, parts.next().unwrap().to_owned())
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
    let style = server.get("/style.css").text();
    let folder = tempfile::tempdir().unwrap();
    let check = format!("/checks/{long}0");
    for path in ["/", "/?q=nothing", "/?status=bogus", &check, "/checks/soon", "/runbook", "/checks/nobody"] {
        let page = server.get(path).text();
        let (before, rest) = page.split_once("<link rel=\"stylesheet\"").unwrap_or((&page, ">"));
        let (_, after) = rest.split_once('>').unwrap();
        let styled = format!("{before}<style>{style}</style>{after}");
        assert_eq!(measured(folder.path(), &styled), (0, String::new()), "{path}");
    }
    // As it was: a table that scrolls by itself.
    let before = format!("<div style='overflow-x: auto'><table><td>{}</table></div>", "n".repeat(200));
    assert_eq!(measured(folder.path(), &before).1.trim(), "DIV");
}
