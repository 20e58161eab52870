//! By keyboard alone and without scripts, in a real browser: a check is made, put right, changed and deleted (22.11).

use crate::people::{TOKENS, WRITE, api};
use crate::support::browser::Browser;
use crate::support::punctual::Punctual;

const FOCUSED: &str = "(() => {
    const it = document.activeElement;
    return it.localName + ' ' + (it.value && it.localName === 'button' ? it.value : it.name || it.getAttribute('href') || '');
})()";

/// Goes on by Tab to this element: `input grace`, `a ../new`, `button save`.
fn tab_to(browser: &mut Browser, element: &str) {
    let mut passed = Vec::new();
    while passed.len() < 80 {
        browser.press("Tab");
        let focused = browser.text(FOCUSED);
        if focused == element {
            return;
        }
        passed.push(focused);
    }
    panic!("no way to {element}: {passed:#?}");
}

/// Fills in a field: what was in it is chosen when one comes there by Tab, and is typed over.
fn fill(browser: &mut Browser, field: &str, text: &str) {
    tab_to(browser, field);
    browser.type_text(text);
}

fn enter(browser: &mut Browser, path: &str) {
    browser.forget_loads();
    browser.press("Enter");
    browser.wait_loaded(path);
    assert_eq!(
        browser.text("location.pathname + location.search"),
        path,
        "{}",
        browser.text("document.body.innerText")
    );
}

fn is_within_the_screen(browser: &mut Browser) {
    let beside =
        browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(beside, 0, "px are beside the screen of {}", browser.text("location.href"));
}

/// 22.9b, 22.11a, 22.11d
#[test]
fn by_keys_alone_and_without_scripts_a_check_is_made_put_right_changed_and_deleted() {
    let server = Punctual::start(&format!("{TOKENS}checks: [{{name: backup, every: 1h}}]\n"));
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(folder.path());
    browser.resize(390);
    browser.set_scripts(false);
    browser.open(&server.url("/new"));
    assert_eq!(browser.text("location.pathname + location.search"), "/sign-in?to=new");
    browser.type_text(WRITE);
    enter(&mut browser, "/new");
    fill(&mut browser, "input name", "Nightly");
    fill(&mut browser, "textarea labels", "team: dba");
    fill(&mut browser, "input every", "5");
    is_within_the_screen(&mut browser);
    enter(&mut browser, "/new");
    // What is wrong comes first, each with the way to its field.
    assert_eq!(
        browser.text("document.querySelector('[role=alert] strong').innerText"),
        "Nothing was done. These are not right:"
    );
    is_within_the_screen(&mut browser);
    tab_to(&mut browser, "a #f-every");
    browser.press("Enter");
    browser.wait_until("document.activeElement.id === 'f-every'", crate::support::process::PATIENCE);
    let beside = "document.activeElement.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id).innerText).join()";
    assert!(browser.text(beside).contains("a duration needs a unit"), "{}", browser.text(beside));
    assert_eq!(browser.text("document.querySelector('[name=labels]').value"), "team: dba");
    // What was typed is there still, and is typed over.
    tab_to(&mut browser, "input cron");
    fill(&mut browser, "input name", "nightly");
    fill(&mut browser, "input every", "5m");
    tab_to(&mut browser, "button save");
    enter(&mut browser, "/checks/nightly");
    assert_eq!(api(&server, "/api/v1/checks/nightly")["definition"]["every"], "5m");
    tab_to(&mut browser, "a ../edit/nightly");
    enter(&mut browser, "/edit/nightly");
    fill(&mut browser, "input title", "Nightly backup");
    fill(&mut browser, "input grace", "2m");
    enter(&mut browser, "/checks/nightly");
    let said = browser.text("document.querySelector('main').innerText");
    assert!(said.contains("Nightly backup"), "{said}");
    assert_eq!(api(&server, "/api/v1/checks/nightly")["definition"]["grace"], "2m");
    tab_to(&mut browser, "a ../edit/nightly");
    enter(&mut browser, "/edit/nightly");
    tab_to(&mut browser, "a ./nightly?delete");
    enter(&mut browser, "/edit/nightly?delete");
    is_within_the_screen(&mut browser);
    tab_to(&mut browser, "button delete");
    enter(&mut browser, "/");
    assert_eq!(browser.evaluate("document.querySelectorAll('a.name').length"), 1);
}
