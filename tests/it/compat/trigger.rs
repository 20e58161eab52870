//! What a trigger asks for, as the configuration says.

use super::{COAL_MINE, Mine, NIGHTS_WATCH, text};
use crate::support::punctual::Punctual;

const KEY: &str = "auth-key-of-the-mine";
const PING_KEYS: &str = "auth: {ping_keys: [{name: jobs, key: ping-key-of-the-jobs}]}\n";

/// A server whose doors have a key, with a canary; what its page shows, and its id.
fn door(auth: &str, prefix: &'static str, trigger: &str) -> (Mine, String, String) {
    let system = if prefix == COAL_MINE { "coal_mine" } else { "nights_watch" };
    let config = format!("{auth}compat: {{{system}: {{enabled: true, auth_key: {KEY}{trigger}}}}}\n");
    let mine = Mine::of(Punctual::start(&config), prefix);
    let made = mine.canary(&format!("create?name=Nightly_Dump+%2F+2&periodicity=3600&auth_key={KEY}"));
    let id = text(&made["id"]);
    let name = mine.server.get("/api/v1/checks").json()["checks"][0]["name"].as_str().unwrap().to_owned();
    let page = mine.server.get(&format!("/checks/{name}")).text();
    (mine, page, id)
}

/// Which of these ways trigger: by slug, by name, by id and by `/ID` without a key, and by slug with it.
fn check(auth: &str, prefix: &'static str, trigger: &str, expected: [u16; 5]) {
    let (mine, page, id) = door(auth, prefix, trigger);
    let ways = [
        "slug=nightly-dump--2".to_owned(),
        "name=nightly+DUMP+%2F+2".to_owned(),
        format!("id={id}"),
        String::new(),
        format!("slug=nightly-dump--2&auth_key={KEY}"),
    ];
    let answered = ways.map(|way| match way.as_str() {
        "" => mine.server.get(&format!("/{id}")).status,
        way => mine.ask(&format!("trigger?{way}")).status,
    });
    assert_eq!(answered, expected, "{auth}{prefix}{trigger}");
    // The check's name may be the slug; what it is called elsewhere is left out.
    let shows_slug = page.contains("<dt>In coal-mine</dt>") || page.contains("<dt>In Night");
    assert_eq!(shows_slug, expected[0] == 200, "{page}");
    let refused = expected.iter().filter(|status| **status == 401).count();
    assert_eq!(mine.server.sum("punctual_ping_requests_total", "outcome=\"bad_key\""), refused as u64);
}

#[test]
fn a_slug_or_name_triggers_without_a_key_only_where_triggers_are_open() {
    for prefix in [COAL_MINE, NIGHTS_WATCH] {
        check("", prefix, "", [200, 200, 200, 200, 200]);
        check(PING_KEYS, prefix, "", [401, 401, 200, 200, 200]);
        check(PING_KEYS, prefix, ", trigger: open", [200, 200, 200, 200, 200]);
        check("", prefix, ", trigger: id", [401, 401, 200, 200, 200]);
        check("", prefix, ", trigger: key", [401, 401, 401, 401, 200]);
    }
}
