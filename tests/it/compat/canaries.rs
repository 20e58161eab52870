//! The commands: deadlines, lateness, pauses, updates, lists.

use punctual::core::time::Span;
use serde_json::json;

use super::{BOTH, COAL_MINE, Mine, newest, text, time, until_deadline};
use crate::support::http;
use crate::support::punctual::{Punctual, punctual};

#[test]
fn a_new_canary_is_due_after_its_period_unless_it_is_paused() {
    let mine = Mine::coal();
    let canary = mine.canary("create?name=a&periodicity=3600&description=what+it+is");
    assert_eq!(until_deadline(&canary), Span::secs(3600));
    let shown = ["periodicity", "description", "paused", "late"].map(|key| canary[key].clone());
    assert_eq!(shown, [json!(3600.0), json!("what it is"), json!(false), json!(false)]);
    let paused = mine.canary("create?name=b&periodicity=0.5&paused=True");
    assert_eq!((paused["paused"].clone(), paused["periodicity"].clone()), (json!(true), json!(0.5)));
    assert!(!paused.as_object().unwrap().contains_key("deadline"));
    assert_eq!(paused["history"].as_array().unwrap().len(), 1);
}

#[test]
fn a_trigger_ends_lateness_and_pause_and_says_so() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=a&periodicity=0.05")["id"]);
    let late = mine.wait_until_late(&id);
    // What it missed.
    assert_eq!(until_deadline(&late), Span::ms(50));
    assert_eq!(mine.names("late=true"), ["a"]);
    mine.canary(&format!("update?id={id}&periodicity=3600"));
    let answer = |command: &str| {
        let json = mine.ok(command);
        (json["recovered"].as_bool().unwrap(), json["unpaused"].as_bool().unwrap())
    };
    assert_eq!(answer("trigger?name=a"), (false, false));
    mine.ok("pause?name=a");
    assert_eq!(answer("trigger?name=a&comment=c&m=m"), (false, true));
    let canary = mine.canary("get?name=a");
    assert_eq!((newest(&canary).1.as_str(), until_deadline(&canary)), ("Triggered (c)", Span::secs(3600)));
    let id = text(&mine.canary("create?name=b&periodicity=0.2")["id"]);
    mine.wait_until_late(&id);
    mine.ok("pause?name=b");
    assert_eq!(answer("trigger?name=b&m=m"), (true, true));
    assert_eq!(newest(&mine.canary("get?name=b")).1, "Triggered (m)");
}

/// 16.6
#[test]
fn a_pause_keeps_lateness_and_its_end_counts_from_now() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=a&periodicity=0.05")["id"]);
    mine.wait_until_late(&id);
    let paused = mine.canary("pause?name=a&comment=night+work");
    assert_eq!((&paused["late"], &paused["paused"]), (&json!(true), &json!(true)));
    assert!(!paused.as_object().unwrap().contains_key("deadline"));
    assert_eq!(newest(&paused).1, "Paused (night work)");
    assert_eq!(mine.names("late=1&paused=1"), ["a"]);
    // While it is paused, another period changes nothing else.
    let updated = mine.canary("update?slug=a&periodicity=3600");
    assert_eq!((&updated["late"], &updated["paused"]), (&json!(true), &json!(true)));
    let unpaused = mine.canary("unpause?slug=a");
    assert_eq!((&unpaused["late"], &unpaused["paused"]), (&json!(true), &json!(false)));
    assert_eq!((newest(&unpaused).1.as_str(), until_deadline(&unpaused)), ("Unpaused", Span::secs(3600)));
}

/// 16.7
#[test]
fn another_period_counts_from_the_newest_entry_and_judges_anew() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=a&periodicity=3600")["id"]);
    mine.ok("pause?name=a");
    mine.ok("unpause?name=a&comment=x");
    let before = mine.canary("get?name=a");
    // Shorter than what has passed since: late at once.
    let late = mine.canary("update?slug=a&periodicity=0.001");
    assert_eq!((&late["late"], until_deadline(&late)), (&json!(true), Span::MS));
    assert_eq!(late["history"], before["history"]);
    let good = mine.canary(&format!("update?id={id}&periodicity=7200"));
    assert_eq!((&good["late"], until_deadline(&good)), (&json!(false), Span::secs(7200)));
    assert_eq!(newest(&good), newest(&before));
    // What is no periodicity changes no deadline.
    let renamed = mine.canary("update?slug=a&name=B&description=new");
    assert_eq!(time(&renamed["deadline"]), time(&good["deadline"]));
    assert_eq!(["name", "slug", "description"].map(|key| text(&renamed[key])), ["B", "b", "new"]);
}

#[test]
fn addresses_are_a_set_that_a_list_replaces_and_a_dash_clears() {
    let mine = Mine::coal();
    mine.canary("create?name=a&periodicity=60&email=a%40example.org&email=b%40example.org");
    let emails = |parameters: &str| mine.canary(&format!("update?slug=a&{parameters}"))["emails"].clone();
    assert_eq!(emails("description=x"), json!(["a@example.org", "b@example.org"]));
    assert_eq!(emails("email=c%40example.org"), json!(["c@example.org"]));
    assert_eq!(emails("email=-"), json!([]));
    mine.refused("update?slug=a&email=-", 400, "ValueError('No updates specified')");
}

/// 16.5: what the API and other doors make of it is told in the original's words.
#[test]
fn late_is_whatever_is_late_and_nothing_else() {
    const TOKEN: &str = "token-that-may-write";
    let auth = format!("auth: {{tokens: [{{name: ci, scope: write, token: {TOKEN}}}]}}\n");
    let mine = Mine::of(Punctual::start(&format!("{auth}{BOTH}")), COAL_MINE);
    let created = mine.canary("create?name=a&periodicity=3600");
    let url = mine.server.url("/api/v1/checks/a");
    let patch = http::client().patch(url).bearer_auth(TOKEN).body(r#"{"max_runtime": "1s"}"#);
    let patched = http::send(patch);
    assert_eq!(patched.status, 200, "{}", patched.text());
    assert_eq!(patched.json()["canary"]["id"], created["id"]);
    // It fails, and is not late.
    mine.server.ping("a/fail");
    assert_eq!(mine.canary("get?name=a")["late"], false);
    assert!(mine.names("late=true").is_empty());
    // Its run takes too long.
    mine.server.ping("a/start");
    let late = mine.wait_until_late(&text(&created["id"]));
    assert_eq!(newest(&late).1, "Canary created", "neither is a trigger");
    assert_eq!(mine.names("late=true"), ["a"]);
    let triggered = mine.ok("trigger?name=a");
    assert_eq!(triggered["recovered"], true);
    assert_eq!(mine.canary("get?name=a")["late"], false);
}

#[test]
fn a_list_is_short_or_verbose_and_filtered() {
    let mine = Mine::coal();
    let late = text(&mine.canary("create?name=Late+One&periodicity=0.05&email=ops%40example.org")["id"]);
    mine.wait_until_late(&late);
    mine.canary("create?name=good&periodicity=3600");
    mine.canary("create?name=asleep&periodicity=3600&paused=yes&email=Dev%40example.org");
    let check =
        |parameters: &str, expected: &[&str]| assert_eq!(mine.names(parameters), expected, "{parameters}");
    check("", &["Late One", "good", "asleep"]);
    check("late=true", &["Late One"]);
    check("late=false", &["good", "asleep"]);
    check("paused=True", &["asleep"]);
    check("paused=0", &["Late One", "good"]);
    check("paused=no&late=no", &["good"]);
    // Anywhere in a name, a slug, an id or an address; the case counts.
    // Not an id of eight letters.
    check("search=%5E.oo.%24", &["good"]);
    check("search=Late", &["Late One"]);
    check("search=late-one", &["Late One"]);
    check("search=LATE", &[]);
    check(&format!("search=%5E{late}%24"), &["Late One"]);
    check("search=%40example%5C.org", &["Late One", "asleep"]);
    check("search=dev%40", &[]);
    check("search=(%3Fi)dev%40&paused=1", &["asleep"]);
    let short = mine.ok("list?search=good");
    let keys: Vec<&String> = short["canaries"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "name"]);
    let verbose = mine.ok("list?verbose=True");
    for canary in verbose["canaries"].as_array().unwrap() {
        assert_eq!(*canary, mine.canary(&format!("get?id={}", text(&canary["id"]))));
    }
    assert_eq!(mine.ok("list?verbose=false"), mine.ok("list"));
}

/// 16.1, 16.2
#[test]
fn what_a_file_has_taken_over_is_seen_triggered_and_paused_but_changed_in_the_file() {
    let mine = Mine::coal();
    let created = mine.canary("create?name=Backup&periodicity=3600&email=a%40example.org");
    mine.server
        .write_config(&format!("{BOTH}checks:\n  - {{name: backup, title: Backup, every: 2h, grace: 0s}}\n"));
    assert_eq!(mine.server.reload().status, 200);
    let id = text(&created["id"]);
    let taken = mine.canary(&format!("get?id={id}"));
    assert_eq!((&taken["history"], &taken["periodicity"]), (&created["history"], &json!(7200.0)));
    assert_eq!(mine.names("paused=0"), ["Backup"]);
    mine.ok("trigger?name=backup");
    mine.ok("pause?slug=backup");
    mine.ok("unpause?slug=backup");
    let in_file = "it is declared in punctual.yaml:3: change it there";
    mine.refused("update?slug=backup&periodicity=60", 400, in_file);
    mine.refused("delete?slug=backup", 400, in_file);
    assert_eq!(mine.canary("get?name=backup")["history"].as_array().unwrap().len(), 4);
    mine.server
        .write_config(&format!("{BOTH}checks:\n  - {{name: backup, cron: \"0 2 * * *\", paused: true}}\n"));
    assert_eq!(mine.server.reload().status, 200);
    let by_file = mine.canary("get?name=backup");
    assert_eq!(
        (&by_file["paused"], &by_file["periodicity"]),
        (&json!(true), &json!("cron \"0 2 * * *\" UTC"))
    );
    mine.refused("pause?name=backup", 400, "AlreadyPausedError()");
    let paused = "backup is paused by its file: take `paused: true` out of it, and reload";
    mine.refused("unpause?name=backup", 400, paused);
}

#[test]
fn what_files_would_not_say_is_exported_so_that_they_can() {
    let mine = Mine::coal();
    mine.canary("create?name=+&periodicity=60&description=+");
    mine.canary("create?name=a%EF%BF%BE%E2%80%A8b&periodicity=60&description=one%0D%0Atwo%1B%5B31m%C2%85");
    let (is_good, yaml) = punctual(&["export", "--server", &mine.server.url("")]);
    assert!(is_good && yaml.contains(r#""description": "one\ntwo [31m ""#), "{yaml}");
    mine.server.write_config(&format!("{BOTH}{yaml}"));
    let answer = mine.server.reload();
    assert_eq!(answer.status, 200, "{}: {yaml}", answer.text());
    assert_eq!(mine.names("").len(), 2);
}
