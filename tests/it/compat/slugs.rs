//! Ids, slugs and names: how a canary is found, and what its check is called.

use super::{Mine, text};

#[test]
fn a_canary_is_found_by_its_id_its_slug_or_any_name_of_that_slug() {
    let mine = Mine::coal();
    let created = mine.canary("create?name=H%C3%A9llo_W%C3%B6rld+/+2&periodicity=60");
    assert_eq!(created["slug"], "héllo-wörld--2");
    let id = text(&created["id"]);
    assert!(id.len() == 8 && id.bytes().all(|b| b.is_ascii_lowercase()), "{id}");
    for who in [
        format!("id={id}"),
        "slug=h%C3%A9llo-w%C3%B6rld--2".to_owned(),
        "name=H%C3%A9llo_W%C3%B6rld+/+2".to_owned(),
        "name=h%C3%89LLO+-+w%C3%B6rld-!-2".to_owned(),
        // In this order.
        format!("name=nobody&slug=nobody&id={id}"),
        "name=nobody&slug=h%C3%A9llo-w%C3%B6rld--2".to_owned(),
    ] {
        assert_eq!(mine.canary(&format!("get?{who}")), created, "{who}");
    }
    assert_eq!(mine.canary("create?name=%20a+-+_b+&periodicity=60")["slug"], "-a-b-");
    assert_eq!(mine.canary("create?name=!!!&periodicity=60")["slug"], "");
    assert_eq!(mine.canary("get?name=???")["name"], "!!!");
}

/// 16.5
#[test]
fn ids_are_all_different() {
    let mine = Mine::coal();
    let mut ids: Vec<String> =
        (0..50).map(|n| text(&mine.canary(&format!("create?name=c{n}&periodicity=60"))["id"])).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
    // A letter that never comes in 400 would come once in six million tests.
    let letters: std::collections::BTreeSet<char> = ids.iter().flat_map(|id| id.chars()).collect();
    assert_eq!(letters.len(), 26, "{letters:?}");
}

/// 16.5
#[test]
fn the_check_is_called_by_the_slug_where_that_can_be_a_name_and_else_by_the_id() {
    let mine = Mine::coal();
    let created = |name: &str| text(&mine.canary(&format!("create?name={name}&periodicity=60"))["id"]);
    created("Nightly+Backup");
    mine.server.ping("nightly-backup");
    let umlaut = created("%C3%BCber");
    mine.server.ping(&umlaut);
    let digits = created("2026");
    mine.server.ping(&digits);
    assert_eq!(mine.canary("get?name=%C3%BCber")["history"][0][1], "Triggered");
    // Under a new name it is still found by the old address.
    mine.canary("update?slug=nightly-backup&name=Weekly");
    mine.server.ping("weekly");
    mine.server.ping("nightly-backup");
    assert_eq!(mine.canary("get?name=weekly")["history"].as_array().unwrap().len(), 4);
}

/// 16.3
#[test]
fn a_slug_is_free_again_after_its_canary_was_deleted_or_renamed() {
    let mine = Mine::coal();
    let first = text(&mine.canary("create?name=a&periodicity=60")["id"]);
    mine.ok(&format!("delete?id={first}"));
    mine.refused("get?name=a", 404, "Canary Not Found");
    let second = mine.canary("create?name=a&periodicity=60");
    assert_ne!(text(&second["id"]), first);
    assert_eq!(second["history"].as_array().unwrap().len(), 1);
    mine.canary("update?slug=a&name=b");
    mine.canary("create?name=a&periodicity=60");
    assert_eq!(mine.names(""), ["b", "a"]);
    assert_eq!(mine.server.get(&format!("/{first}")).status, 404);
}

/// 16.1
#[test]
fn all_is_as_it_was_after_a_restart() {
    let mut mine = Mine::coal();
    let created = mine.canary("create?name=a&periodicity=3600&description=d&email=a%40example.org");
    mine.ok("trigger?name=a&comment=x");
    let before = mine.canary("get?name=a");
    mine.server.restart();
    assert_eq!(mine.canary(&format!("get?id={}", text(&created["id"]))), before);
    let config = format!("{}checks:\n  - {{name: filed, every: 1h}}\n", super::BOTH);
    mine.server.write_config(&config);
    assert_eq!(mine.server.reload().status, 200);
    assert_eq!(mine.canary("get?name=a"), before);
    assert_eq!(mine.names(""), ["a"], "what a file declares is no canary");
}
