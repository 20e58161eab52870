//! Checks that people make, change and delete by forms, as a browser sends them (22.11).

use serde_json::{Value, json};

use crate::people::{OPERATE, Person, READ, TOKENS, WRITE, api, as_texts, fields_of};
use crate::support::http;
use crate::support::punctual::Punctual;

const CHECKS: &str = "checks: [{name: backup, every: 1h}]\n";

fn start() -> Punctual {
    Punctual::start(&format!("{TOKENS}{CHECKS}"))
}

/// Sends the form of this page, with what it holds unseen and with these fields.
fn send(person: &Person<'_>, path: &str, button: &str, filled: &[(&str, &str)]) -> http::Response {
    send_from(person, (path, &person.get(path).text()), button, filled)
}

/// The same of a page that was loaded before.
fn send_from(
    person: &Person<'_>,
    (path, page): (&str, &str),
    button: &str,
    filled: &[(&str, &str)],
) -> http::Response {
    let hidden = fields_of(page, button);
    let mut fields = as_texts(&hidden);
    fields.extend(filled);
    fields.push(("do", button));
    person.post(path.split('?').next().unwrap(), &fields)
}

fn definition(server: &Punctual, name: &str) -> Value {
    api(server, &format!("/api/v1/checks/{name}"))["definition"].clone()
}

/// What was done to checks, and by whom, the oldest first.
fn audit(server: &Punctual) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = api(server, "/api/v1/audit");
    let of_checks = all["audit"].as_array().unwrap().iter().rev().filter(|done| done["check"].is_string());
    of_checks.map(|done| (text(&done["what"]), text(&done["actor"]))).collect()
}

fn amend(server: &Punctual, name: &str, patch: &Value) {
    let request = http::client().patch(server.url(&format!("/api/v1/checks/{name}"))).bearer_auth(WRITE);
    assert_eq!(http::send(http::with_json(request, patch)).status, 200);
}

fn assert_moved(answer: &http::Response, to: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, to), "{}", answer.text());
}

/// 22.11a, 22.11d
#[test]
fn who_may_write_makes_changes_and_deletes_a_check_and_is_on_record() {
    let server = start();
    let ann = Person::signed_in(&server, WRITE);
    assert!(ann.get("/").text().contains("href=\"new\""), "the way there");
    let made = send(
        &ann,
        "/new",
        "save",
        &[
            ("who", "ann"),
            ("name", " nightly "),
            ("cron", "0 2 * * *"),
            ("timezone", "Europe/Berlin"),
            ("labels", "team: dba\r\nversion: 1.10"),
            ("description", "Runs ETL.\r\nCall Bob."),
            ("rest", "quiet: [{cron: \"0 22 * * *\", for: 8h}]\r\npaused: true"),
        ],
    );
    assert_moved(&made, "./checks/nightly");
    let expected = json!({
        "name": "nightly", "title": "nightly", "cron": "0 2 * * *", "timezone": "Europe/Berlin", "grace": "5m",
        "labels": {"team": "dba", "version": "1.10"}, "description": "Runs ETL.\nCall Bob.",
        "quiet": [{"cron": "0 22 * * *", "timezone": "Europe/Berlin", "for": "8h"}],
    });
    let mut said = definition(&server, "nightly");
    said["title"] = json!("nightly");
    assert_eq!(said, expected);
    assert_eq!(api(&server, "/api/v1/checks/nightly")["paused"], true);
    assert!(ann.get("/checks/nightly").text().contains("href=\"../edit/nightly\""));
    let page = ann.get("/edit/nightly").text();
    for shown in
        ["value=\"0 2 * * *\"", "team: dba\nversion: 1.10\n</textarea>", "\nRuns ETL.\nCall Bob.</textarea>"]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // What a form leaves empty the check has not.
    let changed = send_from(
        &ann,
        ("/edit/nightly", &page),
        "save",
        &[("name", "night"), ("every", "1d"), ("grace", "1h")],
    );
    assert_moved(&changed, "../checks/night");
    let mut said = definition(&server, "night");
    said.as_object_mut().unwrap().remove("title");
    assert_eq!(said, json!({"name": "night", "every": "1d", "grace": "1h"}));

    let asked = ann.get("/edit/night?delete");
    assert!(asked.text().contains("<h1>Delete "), "{}", asked.text());
    assert_eq!(definition(&server, "night")["every"], "1d", "to be asked deletes nothing");
    assert_moved(&send(&ann, "/edit/night?delete", "delete", &[("who", "bob")]), "../");
    assert_eq!(ann.get("/checks/night").status, 404);
    assert_eq!(ann.get("/edit/night").status, 404);
    let done = [("create", "ann (token ci)"), ("edit", "ci (token)"), ("delete", "bob (token ci)")];
    assert_eq!(audit(&server), done.map(|(what, actor)| (what.to_owned(), actor.to_owned())));
}

/// 22.11a
#[test]
fn each_fault_stands_at_its_field_and_all_that_was_typed_stays() {
    let server = start();
    let ann = Person::signed_in(&server, WRITE);
    let script = "</textarea><script>alert(1)</script>";
    let typed = [
        ("name", "Night"),
        ("title", script),
        ("every", "5"),
        ("labels", "job: x"),
        ("description", script),
        ("rest", "early: [\r\n"),
    ];
    let refused = send(&ann, "/new", "save", &typed);
    assert_eq!(refused.status, 422);
    // What is no YAML is told first: it may hold any key.
    let page = refused.text();
    assert!(page.contains("id=\"f-rest-fault\"") && page.contains("this is not YAML"), "{page}");
    let refused = send(&ann, "/new", "save", &typed[..5]);
    let page = refused.text();
    for (field, why) in
        [("name", "is no name of a check"), ("every", "needs a unit"), ("labels", "means something")]
    {
        let (_, beside) =
            page.split_once(&format!("id=\"f-{field}-fault\"")).unwrap_or_else(|| panic!("{field}: {page}"));
        assert!(beside.split("</div>").next().unwrap().contains(why), "{field}: {page}");
        assert!(page.contains(&format!("aria-describedby=\"f-{field}-hint f-{field}-fault\"")), "{page}");
        assert!(page.contains(&format!("<a href=\"#f-{field}\">")), "{page}");
    }
    assert_eq!(page.matches("aria-invalid").count(), 3, "{page}");
    let escaped = "&lt;/textarea&gt;&lt;script&gt;";
    assert!(page.matches(escaped).count() >= 2 && !page.contains("<script>"), "{page}");
    assert!(page.contains("value=\"5\"") && page.contains("job: x</textarea>"), "{page}");
    let no_schedule = send(&ann, "/new", "save", &[("name", "a")]);
    assert!(no_schedule.status == 422 && no_schedule.text().contains("a check needs to know when"));
    let of_none =
        send(&ann, "/new", "save", &[("name", "a"), ("every", "5m"), ("rest", "depends_on: [none]")]);
    let page = of_none.text();
    assert!(
        of_none.status == 422 && page.split("f-rest-fault").count() > 2 && page.contains("is no check"),
        "{page}"
    );
    let taken = send(&ann, "/new", "save", &[("name", "backup"), ("every", "5m")]);
    assert!(taken.status == 422 && taken.text().contains("f-name-fault"), "{}", taken.text());
    // Another session's form, and whoever is signed out.
    let other =
        ann.post("/new", &[("form", "of-another"), ("do", "save"), ("name", "kept"), ("every", "5m")]);
    assert!(other.status == 403 && other.text().contains("value=\"kept\""), "{}", other.text());
    let out = Person::nobody(&server)
        .post("/new", &[("do", "save"), ("name", "kept"), ("every", "5m"), ("who", "ann")]);
    let page = out.text();
    assert!(
        out.status == 403 && page.contains("name: kept\nevery: 5m") && page.contains("sign-in?to=new"),
        "{page}"
    );
    assert_eq!(api(&server, "/api/v1/checks")["checks"].as_array().unwrap().len(), 1);
    assert_eq!(audit(&server), []);
}

/// 22.11b
#[test]
fn a_form_that_is_sent_twice_makes_one_check_changes_it_once_and_deletes_it_once() {
    let server = start();
    let ann = Person::signed_in(&server, WRITE);
    let (path, page) = ("/new", ann.get("/new").text());
    let typed = [("name", "a"), ("every", "5m")];
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| assert_moved(&send_from(&ann, (path, &page), "save", &typed), "./checks/a"));
        }
    });
    let other = send_from(&ann, (path, &page), "save", &[("name", "a"), ("every", "6m")]);
    assert_eq!(other.status, 422, "it is another check: {}", other.text());
    let (path, page) = ("/edit/a", ann.get("/edit/a").text());
    for _ in 0..2 {
        let changed =
            send_from(&ann, (path, &page), "save", &[("name", "b"), ("every", "7m"), ("grace", "60s")]);
        assert_moved(&changed, "../checks/b");
    }
    let (path, page) = ("/edit/b", ann.get("/edit/b?delete").text());
    for _ in 0..2 {
        assert_moved(&send_from(&ann, (path, &page), "delete", &[]), "../");
    }
    let done: Vec<String> = audit(&server).into_iter().map(|(what, _)| what).collect();
    assert_eq!(done, ["create", "edit", "delete"]);
}

/// 22.11c
#[test]
fn a_form_of_an_old_version_is_refused_and_what_it_says_stands_beside_what_is_there() {
    let server = start();
    let ann = Person::signed_in(&server, WRITE);
    let typed = [("name", "a"), ("every", "5m"), ("grace", "3m")];
    send(&ann, "/new", "save", &typed);
    let (page, question) = (ann.get("/edit/a").text(), ann.get("/edit/a?delete").text());
    // What is pinged is still the same.
    http::send(http::client().post(server.url("/ping/a")).bearer_auth("ping-key-of-the-jobs"));
    amend(&server, "a", &json!({"every": "77m", "title": "Of bob"}));
    let typed = [("name", "a"), ("every", "5m"), ("grace", "99m")];
    let refused = send_from(&ann, ("/edit/a", &page), "save", &typed);
    assert_eq!(refused.status, 409, "{}", refused.text());
    let both = refused.text();
    for shown in [("1h17m", "5m"), ("3m", "99m"), ("Of bob", "")] {
        let row = format!(
            "<td class=\"lines\" data-label=\"Now\"><bdi>{}</bdi></td><td class=\"lines\" data-label=\"You wrote\"><bdi>{}</bdi></td>",
            shown.0, shown.1
        );
        assert!(both.contains(&row), "{row}: {both}");
    }
    assert!(both.contains("value=\"99m\""), "{both}");
    assert_eq!(definition(&server, "a")["every"], "1h17m", "nothing was changed");
    let refused = send_from(&ann, ("/edit/a", &question), "delete", &[]);
    assert!(refused.status == 409 && refused.text().contains("delete it as it is now"), "{}", refused.text());
    // Whoever has seen both decides.
    assert_moved(&send_from(&ann, ("/edit/a", &both), "save", &typed), "../checks/a");
    assert_eq!(definition(&server, "a"), json!({"name": "a", "every": "5m", "grace": "1h39m"}));
    assert_moved(&send(&ann, "/edit/a?delete", "delete", &[]), "../");
    // Another of its name is another, though in the same words.
    send(&ann, "/new", "save", &typed);
    let refused = send_from(&ann, ("/edit/a", &question), "delete", &[]);
    assert_eq!(refused.status, 409);
}

/// 22.11a
#[test]
fn what_others_declare_is_changed_there() {
    let server = Punctual::start(&format!("{TOKENS}compat: {{coal_mine: {{enabled: true}}}}\n{CHECKS}"));
    let ann = Person::signed_in(&server, WRITE);
    assert!(!ann.get("/checks/backup").text().contains("../edit/backup"));
    let form = crate::people::form_of(&ann.get("/new").text());
    for path in ["/edit/backup", "/edit/backup?delete"] {
        let page = ann.get(path);
        assert!(page.status == 200 && page.text().contains("punctual.yaml:"), "{}", page.text());
        assert!(!page.text().contains("name=\"do\""), "{}", page.text());
    }
    for button in ["save", "delete"] {
        let refused =
            ann.post("/edit/backup", &[("form", &form), ("do", button), ("every", "5m"), ("version", "x")]);
        assert!(refused.status == 409 && refused.text().contains("punctual.yaml:"), "{}", refused.text());
    }
    let create = "/coal-mine/v1/canary/create?name=Mine&periodicity=3600";
    let made = http::send(http::client().get(server.url(create)));
    assert_eq!(made.status, 200, "{}", made.text());
    let refused = send(&ann, "/edit/mine", "save", &[("name", "mine"), ("title", "Other"), ("every", "1h")]);
    assert!(refused.status == 422 && refused.text().contains("f-title-fault"), "{}", refused.text());
    assert!(refused.text().contains("rename it there"), "{}", refused.text());
}

/// 22.11a, 23.6
#[test]
fn who_may_not_write_is_offered_nothing_and_told_why() {
    let server = start();
    for token in [READ, OPERATE] {
        let person = Person::signed_in(&server, token);
        assert!(!person.get("/").text().contains("href=\"new\""));
        for path in ["/new", "/edit/backup", "/edit/none"] {
            let page = person.get(path);
            assert!(page.status == 403 && page.text().contains("scope `write`"), "{}", page.text());
            let form = page
                .text()
                .split("name=\"form\" value=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .to_owned();
            for button in ["save", "delete"] {
                let fields = [("form", form.as_str()), ("do", button), ("name", "a"), ("every", "5m")];
                assert_eq!(person.post(path, &fields).status, 403, "{path} {button}");
            }
        }
    }
    let nobody = Person::nobody(&server);
    let answer = nobody.get("/edit/backup?delete");
    assert_moved(&answer, "../sign-in?to=edit%2Fbackup%3Fdelete");
    let open = Punctual::start(CHECKS);
    let page = Person::nobody(&open).get("/new");
    assert!(page.status == 403 && page.text().contains("auth.tokens"), "{}", page.text());
    assert_eq!(
        Person::nobody(&open).post("/new", &[("do", "save"), ("name", "a"), ("every", "5m")]).status,
        403
    );
    assert_eq!(audit(&server), []);
}

#[test]
fn a_form_may_be_as_long_as_a_check_and_no_longer() {
    let server = start();
    let ann = Person::signed_in(&server, WRITE);
    let long = "ä".repeat(2048);
    let labels: String = (0..30).map(|number| format!("l{number}: {}\n", "ä".repeat(500))).collect();
    let typed = [("name", "a"), ("every", "5m"), ("description", &long), ("labels", &labels)];
    assert_moved(&send(&ann, "/new", "save", &typed), "./checks/a");
    assert_eq!(definition(&server, "a")["description"], json!(long));
    let refused = send(&ann, "/new", "save", &[("name", "b"), ("rest", &"x".repeat(300_000))]);
    assert_eq!(refused.status, 400);
    let reader = Person::signed_in(&server, READ);
    assert_eq!(reader.post("/new", &typed).status, 400, "whoever may not write needs no long form");
}

/// 22.11e
#[test]
fn what_was_typed_stays_where_the_check_is_gone_or_a_file_declares_it_by_then() {
    let server = start();
    let ann = Person::signed_in(&server, WRITE);
    let made = [("name", "a"), ("every", "5m"), ("grace", "3m")];
    assert_moved(&send(&ann, "/new", "save", &made), "./checks/a");
    let page = ann.get("/edit/a").text();
    assert_moved(&send(&ann, "/edit/a?delete", "delete", &[]), "../");
    let typed = [
        ("name", "a"),
        ("every", "5m"),
        ("grace", "5m"),
        ("description", "<b>Call Bob.\r\nThen Ann."),
        ("rest", "min_runtime: 5s"),
    ];
    let refused = send_from(&ann, ("/edit/a", &page), "save", &typed);
    let shown = refused.text();
    assert_eq!(refused.status, 404, "{shown}");
    for part in
        ["deleted meanwhile", "\n&lt;b&gt;Call Bob.\nThen Ann.</textarea>", "\nmin_runtime: 5s</textarea>"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(shown.contains("action=\"../new\""), "{shown}");
    assert_moved(&send_from(&ann, ("/new", &shown), "save", &typed), "./checks/a");
    assert_eq!(definition(&server, "a")["description"], json!("<b>Call Bob.\nThen Ann."));

    let page = ann.get("/edit/a").text();
    server.write_config(&format!("{TOKENS}{}", CHECKS.replace("}]", "}, {name: a, every: 5m}]")));
    assert_eq!(server.reload().status, 200);
    let refused = send_from(&ann, ("/edit/a", &page), "save", &typed);
    let shown = refused.text();
    assert_eq!(refused.status, 409, "{shown}");
    for part in ["punctual.yaml:", "<bdi>&lt;b&gt;Call Bob.\nThen Ann.</bdi>", "<bdi>min_runtime: 5s</bdi>"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("<bdi>5m</bdi>"), "what the file says, too, is not lost: {shown}");
}

/// 22.11e
#[test]
fn what_was_said_of_a_check_or_an_incident_that_is_gone_stays() {
    let server = start();
    let ann = Person::signed_in(&server, WRITE);
    let form = crate::people::form_of(&ann.get("/new").text());
    let say = |path: &str, what: &str| {
        let comment = "it <i>rests</i> until Monday";
        let fields =
            [("form", form.as_str()), ("do", what), ("comment", comment), ("for", "1h"), ("rid", "x")];
        let answer = ann.post(path, &fields);
        let text = answer.text();
        assert_eq!(answer.status, 404, "{path} {what}: {text}");
        assert!(
            text.contains("You had written: it &lt;i&gt;rests&lt;/i&gt; until Monday"),
            "{path} {what}: {text}"
        );
    };
    for what in ["pause", "mute", "acknowledge", "success"] {
        say("/checks/gone", what);
    }
    for what in ["acknowledge", "wont-fix", "comment"] {
        say("/incidents/4711", what);
    }
}
