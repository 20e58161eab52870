//! Night's Watch: what is other there.

use punctual::core::time::Span;
use serde_json::json;

use super::{BOTH, COAL_MINE, Mine, NIGHTS_WATCH, newest, text, until_deadline};
use crate::support::punctual::Punctual;

fn watch() -> Mine {
    Mine::of(Punctual::start(BOTH), NIGHTS_WATCH)
}

#[test]
fn a_watcher_has_whole_seconds_and_times_without_a_zone() {
    let watch = watch();
    let created = watch.ask("create?name=A+b&periodicity=3600&email=a%40example.org");
    assert!(created.text().contains("\"periodicity\": 3600,\n"), "{}", created.text());
    let watcher = created.json()["watcher"].clone();
    assert_eq!(newest(&watcher).1, "Watcher created");
    assert_eq!(until_deadline(&watcher), Span::secs(3600));
    for time in [&watcher["history"][0][0], &watcher["deadline"]] {
        assert!(!text(time).contains('+') && text(time).contains('T'), "{time}");
    }
    assert_eq!(watch.canary("get?name=a_b"), watcher);
    assert_eq!(watch.names(""), ["A b"]);
    assert_eq!(
        watch.ok("trigger?slug=a-b&comment=c"),
        json!({"status": "ok", "recovered": false, "unpaused": false})
    );
    assert_eq!(watch.server.get(&format!("/{}", text(&watcher["id"]))).status, 200);
    watch.ok("delete?name=a+b");
    watch.refused("get?name=a+b", 404, "Watcher Not Found");
}

#[test]
fn it_does_not_have_what_coal_mine_added() {
    let watch = watch();
    watch.canary("create?name=a&periodicity=60&email=a%40example.org");
    watch.refused("list?search=a", 400, r#"Exception('Unexpected argument "search"')"#);
    watch.refused("trigger?name=a&m=x", 400, r#"Exception('Unexpected argument "m"')"#);
    let no_integer = r#"ValueError("invalid literal for int() with base 10: '* * * * * 60'")"#;
    watch.refused("create?name=b&periodicity=*+*+*+*+*+60", 400, no_integer);
    watch.refused("update?slug=a&email=-", 400, "'-' is no mail address");
}

/// 16.6
#[test]
fn a_pause_clears_lateness_and_its_end_counts_from_now() {
    let watch = watch();
    let id = text(&watch.canary("create?name=a&periodicity=1")["id"]);
    watch.wait_until_late(&id);
    let paused = watch.canary("pause?name=a");
    assert_eq!((&paused["late"], &paused["paused"]), (&json!(false), &json!(true)));
    assert_eq!(watch.names("late=false&paused=true"), ["a"]);
    let unpaused = watch.canary("unpause?name=a");
    assert_eq!((&unpaused["late"], until_deadline(&unpaused)), (&json!(false), Span::secs(1)));
    watch.wait_until_late(&id);
    watch.ok("pause?name=a");
    assert_eq!(watch.ok("trigger?name=a"), json!({"status": "ok", "recovered": false, "unpaused": true}));
}

#[test]
fn its_faults_are_not_kept() {
    let watch = watch();
    let id = text(&watch.canary("create?name=late&periodicity=1&email=a%40example.org")["id"]);
    watch.canary("create?name=asleep&periodicity=60&paused=true");
    // An update without addresses leaves them.
    assert_eq!(watch.canary("update?slug=late&description=x")["emails"], json!(["a@example.org"]));
    watch.wait_until_late(&id);
    // A list has all of them.
    assert_eq!(watch.names(""), ["late", "asleep"]);
    // Errors say what they are.
    watch.refused("get?name=nobody", 404, "Watcher Not Found");
    watch.refused("froodle", 404, "404 Not Found");
}

#[test]
fn each_system_sees_its_own_alone_and_the_same_slug_may_be_in_both() {
    let watch = watch();
    let watcher = text(&watch.canary("create?name=a&periodicity=60")["id"]);
    let mine = Mine::of(watch.server, COAL_MINE);
    assert!(mine.names("").is_empty());
    mine.refused(&format!("get?id={watcher}"), 404, "Canary Not Found");
    mine.refused("trigger?name=a", 404, "Canary Not Found");
    let canary = text(&mine.canary("create?name=a&periodicity=60")["id"]);
    assert_ne!(canary, watcher);
    assert_eq!(mine.names(""), ["a"]);
    for id in [&canary, &watcher] {
        assert_eq!(mine.server.get(&format!("/{id}")).status, 200);
    }
    let watch = Mine::of(mine.server, NIGHTS_WATCH);
    watch.refused(&format!("get?id={canary}"), 404, "Watcher Not Found");
    assert_eq!(watch.canary("get?name=a")["history"].as_array().unwrap().len(), 2);
}
