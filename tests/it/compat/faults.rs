//! Every row of the table of errors.

use super::{COAL_MINE, Mine, NIGHTS_WATCH, text};
use crate::support::http;
use crate::support::punctual::Punctual;

const KEY: &str = "a-key-that-is-long";

fn locked(prefix: &'static str) -> Mine {
    let system = if prefix == COAL_MINE { "coal_mine" } else { "nights_watch" };
    let config = format!("compat: {{{system}: {{enabled: true, auth_key: {KEY}}}}}\n");
    Mine::of(Punctual::start(&config), prefix)
}

#[test]
fn a_path_without_a_command_is_not_found_before_anybody_is_asked_for_a_key() {
    for mine in [Mine::coal(), locked(COAL_MINE)] {
        for bad in ["", "froodle", "List", "list/", "list/x", "get%20"] {
            mine.refused(bad, 404, "404 Not Found");
        }
        for bad in ["/coal-mine/", "/coal-mine/v1/canary", "/coal-mine/v2/canary/list", "/coal-mine/list"] {
            let answer = mine.server.get(bad);
            assert_eq!(
                (answer.status, text(&answer.json()["error"])),
                (404, "404 Not Found".to_owned()),
                "{bad}"
            );
        }
    }
}

#[test]
fn without_the_key_nothing_but_a_trigger_is_carried_out() {
    for prefix in [COAL_MINE, NIGHTS_WATCH] {
        needs_its_key(&locked(prefix));
    }
}

fn needs_its_key(mine: &Mine) {
    let created = mine.canary(&format!("create?name=a&periodicity=60&auth_key={KEY}"));
    let id = text(&created["id"]);
    for command in [
        "create?name=b&periodicity=60",
        "delete?name=a",
        "update?slug=a&name=c",
        "get?name=a",
        "list?",
        "pause?name=a",
        "unpause?name=a",
    ] {
        mine.refused(command, 401, "401 Unauthorized");
        for wrong in ["auth_key=", "auth_key=wrong", "auth_key=A-KEY-THAT-IS-LONG"] {
            mine.refused(&format!("{command}&{wrong}"), 401, "401 Unauthorized");
        }
        // Of several keys the first counts.
        mine.refused(&format!("{command}&auth_key=wrong&auth_key={KEY}"), 401, "401 Unauthorized");
        for method in ["HEAD", "POST", "PUT"] {
            let url = mine.server.url(&format!("{}{command}", mine.prefix));
            let request = http::client().request(method.parse().unwrap(), url);
            // Nowhere else is a key looked for.
            let answer = http::send(request.bearer_auth(KEY).body(format!("auth_key={KEY}")));
            assert_eq!(answer.status, 401, "{method} {command}");
        }
    }
    assert_eq!(mine.names(&format!("auth_key={KEY}&auth_key=wrong")), ["a"]);
    let untouched = mine.canary(&format!("get?id={id}&auth_key={KEY}"));
    assert_eq!(untouched, created);
    // As coal-mine's documentation says, and its code did not.
    for key in ["", "&auth_key=wrong", &format!("&auth_key={KEY}")] {
        mine.ok(&format!("trigger?id={id}{key}"));
    }
}

#[test]
fn a_key_that_nobody_asks_for_is_an_unexpected_argument() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=a&periodicity=60")["id"]);
    let unexpected = r#"Exception('Unexpected argument "auth_key"')"#;
    for command in
        ["list?", "get?name=a&", "trigger?name=a&", "create?name=b&periodicity=1&", "delete?name=a&"]
    {
        mine.refused(&format!("{command}auth_key=x"), 400, unexpected);
    }
    assert_eq!(mine.server.get(&format!("/{id}?auth_key=x")).status, 400);
}

#[test]
fn what_no_canary_is_known_by_is_not_found() {
    let mine = Mine::coal();
    mine.canary("create?name=a&periodicity=60");
    for command in ["get", "delete", "trigger", "pause", "unpause"] {
        for who in ["id=aaaaaaaa", "id=a", "slug=b", "name=b", "id=aaaaaaaa&name=a", "slug=b&name=a"] {
            mine.refused(&format!("{command}?{who}"), 404, "Canary Not Found");
        }
    }
    for who in ["id=aaaaaaaa", "slug=b"] {
        mine.refused(&format!("update?{who}&periodicity=-1"), 404, "Canary Not Found");
    }
}

#[test]
fn what_is_asked_for_wrongly_is_answered_as_the_original_does() {
    let mine = Mine::coal();
    let id = text(
        &mine.canary("create?name=A+b&periodicity=60&email=a%40example.org&email=b%40example.org")["id"],
    );
    let bad = |command: &str, error: &str| mine.refused(command, 400, error);
    bad("create?name=x", r#"Exception('Missing argument "periodicity"')"#);
    bad("create?periodicity=1", r#"Exception('Missing argument "name"')"#);
    bad("create?", r#"Exception('Missing argument "name"')"#);
    bad("list?froodle=1", r#"Exception('Unexpected argument "froodle"')"#);
    bad("create?name=x&periodicity=1&id=x", r#"Exception('Unexpected argument "id"')"#);
    bad("get?name=a&comment=x", r#"Exception('Unexpected argument "comment"')"#);
    bad("pause?name=a&m=x", r#"Exception('Unexpected argument "m"')"#);
    bad("list?it%27s=1", r#"Exception('Unexpected argument "it\'s"')"#);
    for command in ["get", "delete", "trigger", "pause", "unpause"] {
        bad(command, "Exception('Must specify id, slug, or name')");
    }
    bad("update", "Exception('Must specify id or slug')");
    bad("update?name=A+b&periodicity=5", "Exception('Must specify id or slug')");
    bad("list?late=maybe", r#"Exception('Bad boolean value "maybe" for parameter "late"')"#);
    bad(
        "create?name=x&periodicity=1&paused=2",
        r#"Exception('Bad boolean value "2" for parameter "paused"')"#,
    );
    let exists = format!("AlreadyExistsError('Canary a-b already exists with identifier {id}')");
    bad("create?name=a_B&periodicity=60", &exists);
    mine.canary("create?name=other&periodicity=60");
    bad("update?slug=other&name=a+-+b", &exists);
    bad("update?slug=a-b", "ValueError('No updates specified')");
    bad("update?slug=a-b&name=A+b", "ValueError('No updates specified')");
    bad("update?slug=a-b&periodicity=60.0", "ValueError('No updates specified')");
    bad("update?slug=a-b&email=b%40example.org&email=a%40example.org", "ValueError('No updates specified')");
    bad("unpause?name=A+b", "AlreadyUnpausedError()");
    mine.ok("pause?name=A+b");
    bad("pause?name=A+b", "AlreadyPausedError()");
    for command in ["create?name=x", "update?slug=other"] {
        let not_positive = "TypeError('numeric periodicities must be positive')";
        bad(&format!("{command}&periodicity=0"), not_positive);
        bad(&format!("{command}&periodicity=00.0"), not_positive);
        bad(
            &format!("{command}&periodicity=1.2.3"),
            r#"ValueError("could not convert string to float: '1.2.3'")"#,
        );
        bad(&format!("{command}&periodicity={}", "9".repeat(30)), "OverflowError('date value out of range')");
        bad(
            &format!("{command}&periodicity=*%0A*"),
            "TypeError('malformed periodicity: no newlines allowed')",
        );
    }
    assert_eq!(mine.names(""), ["A b", "other"], "and nothing of all that was done");
}

#[test]
fn what_has_no_regular_answer_is_refused_with_a_clear_sentence() {
    let mine = Mine::coal();
    mine.canary("create?name=a&periodicity=60");
    let check = |command: &str, says: &[&str]| {
        let answer = mine.ask(command);
        let error = text(&answer.json()["error"]);
        assert_eq!(answer.status, 400, "{command}: {error}");
        assert!(says.iter().all(|part| error.contains(part)), "{command}: {error}");
    };
    for bad in
        ["-5", "1e3", "inf", "NaN", "daily", "*+*+*+*+*", "*+*+*+*+*+0", "*+*+*+*+*+-1", "61+*+*+*+*+60", ";"]
    {
        check(&format!("create?name=x&periodicity={bad}"), &["malformed periodicity"]);
        check(&format!("update?slug=a&periodicity={bad}"), &["malformed periodicity"]);
    }
    check("list?search=(", &["bad regular expression", "unclosed group"]);
    check("list?search=(%3F%3Da)", &["bad regular expression", "look-around"]);
    check("create?name=x&periodicity=1&email=nobody", &["'nobody' is no mail address"]);
    check("create?name=x&periodicity=1&email=a%40x.org%0D%0ABcc:b%40x.org", &["is no mail address"]);
    check("update?slug=a&email=-&email=a%40example.org", &["'-' is no mail address"]);
    check("create?name=a%0D%0Ab&periodicity=1", &["control characters"]);
    check(&format!("create?name={}&periodicity=1", "x".repeat(201)), &["200 bytes", "201"]);
    check(&format!("create?name=x&periodicity=1&description={}", "x".repeat(4097)), &["4096 bytes", "4097"]);
    let many = "&email=a%40example.org".repeat(33);
    check(&format!("create?name=x&periodicity=1{many}"), &["at most 32", "33"]);
    assert_eq!(mine.names(""), ["a"]);
}
