//! The pages of incidents: the list, what can be said of many at once, and one with everything that happened to it.

use serde_json::Value;

use crate::people::{OPERATE, Person, READ, TOKENS, api, as_texts, fields_of, form_of};
use crate::shown::{BESIDE_AND_STUCK, found, with_style};
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;
use crate::support::sink::{Answer, WebhookSink};

const CHECKS: &str = "checks:\n  - {name: a, every: 1h, labels: {team: dba}}\n  - {name: b, every: 1h, title: The other}\n  \
    - {name: c, every: 1h, labels: {team: dba}}\n";

fn fail(server: &Punctual, check: &str) {
    let url = server.url(&format!("/ping/{check}/fail"));
    let sent = crate::support::http::client().post(url).bearer_auth("ping-key-of-the-jobs");
    assert_eq!(crate::support::http::send(sent).status, 200);
}

fn succeed(server: &Punctual, check: &str) {
    let sent = crate::support::http::client().post(server.url(&format!("/ping/{check}")));
    assert_eq!(crate::support::http::send(sent.bearer_auth("ping-key-of-the-jobs")).status, 200);
}

/// `a`, `b` and `c` fail: incidents 1, 2 and 3.
fn with_three_that_fail() -> Punctual {
    let server = Punctual::start(&format!("{TOKENS}{CHECKS}"));
    ["a", "b", "c"].into_iter().for_each(|check| fail(&server, check));
    server
}

fn stand(server: &Punctual) -> Vec<String> {
    let incidents = api(server, "/api/v1/incidents")["incidents"].as_array().unwrap().clone();
    let mut stand: Vec<_> = incidents
        .iter()
        .map(|incident| {
            format!("{} {}", incident["check"].as_str().unwrap(), incident["status"].as_str().unwrap())
        })
        .collect();
    stand.sort();
    stand
}

/// Sends the form of the page of all incidents with these fields.
fn press(person: &Person<'_>, path: &str, fields: &[(&str, &str)]) -> crate::support::http::Response {
    let page = person.get(path).text();
    let hidden = fields_of(&page, "acknowledge");
    let mut all = as_texts(&hidden);
    all.extend(fields);
    person.post("/incidents", &all)
}

/// 22.7
#[test]
fn those_that_are_chosen_are_answered_at_once_or_all_that_the_filter_finds() {
    let server = with_three_that_fail();
    let person = Person::signed_in(&server, OPERATE);
    let done = |path: &str, fields: &[(&str, &str)]| {
        let answer = press(&person, path, fields);
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").to_owned()
    };
    let chosen = [("incident", "1"), ("incident", "3")];
    let to =
        done("/incidents", &[&chosen[..], &[("do", "acknowledge"), ("for", "4h"), ("who", "ann")]].concat());
    assert_eq!(to, "./incidents?");
    assert_eq!(stand(&server), ["a acknowledged", "b open", "c acknowledged"]);
    let first = api(&server, "/api/v1/incidents/1");
    assert!(first["acknowledged_until"].is_string() && first["said_by"] == "ann (token oncall)", "{first}");

    // What the filter finds, also if it is on no page.
    let filtered = "/incidents?label=team%3Ddba";
    let to = done(filtered, &[("all", "yes"), ("do", "reopen")]);
    assert_eq!(to, "./incidents?label=team%3Ddba");
    assert_eq!(stand(&server), ["a open", "b open", "c open"]);
    done(filtered, &[("all", "yes"), ("do", "mute"), ("for", "1h"), ("comment", "moving house")]);
    let mutes = api(&server, "/api/v1/mutes")["mutes"].clone();
    assert_eq!(
        (&mutes[0]["matchers"], &mutes[0]["comment"], &mutes[0]["by"]),
        (&"check=~\"a|c\"".into(), &"moving house".into(), &"oncall (token)".into()),
        "{mutes}"
    );
    done("/incidents", &[("incident", "2"), ("do", "comment"), ("comment", "it is the disk")]);
    let steps = api(&server, "/api/v1/incidents/2")["steps"].clone();
    let last = steps.as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["what"], &last["comment"]), (&"commented".into(), &"it is the disk".into()));
    assert_eq!(stand(&server), ["a open", "b open", "c open"]);
    // What nobody wants to hear of is not taken on among many, to be told when that ends.
    done("/incidents", &[("incident", "3"), ("do", "wont-fix")]);
    done("/incidents", &[("all", "yes"), ("do", "acknowledge"), ("for", "1h")]);
    assert_eq!(stand(&server), ["a acknowledged", "b acknowledged", "c wont_fix"]);
}

/// 22.7, 23.6
#[test]
fn what_makes_no_sense_and_who_may_not_answer_change_nothing() {
    let server = with_three_that_fail();
    let person = Person::signed_in(&server, OPERATE);
    let refused = |fields: &[(&str, &str)], why: &str| {
        let answer = press(&person, "/incidents?check=a", fields);
        assert_eq!(answer.status, 422, "{fields:?}: {}", answer.text());
        let page = answer.text();
        assert!(page.contains("Nothing was done") && page.contains(why), "{why}: {page}");
        assert!(page.contains("value=\"a\""), "the filter stays: {page}");
    };
    refused(&[("do", "acknowledge")], "choose some incidents");
    refused(&[("do", "acknowledge"), ("incident", "x")], "an incident has a number");
    refused(&[("do", "acknowledge"), ("incident", "1"), ("for", "32d")], "within 31d");
    refused(&[("do", "mute"), ("incident", "1")], "a mute has an end");
    refused(&[("do", "comment"), ("incident", "1")], "say something");
    refused(&[("do", "delete"), ("incident", "1")], "nothing that can be done");
    let gone = press(&person, "/incidents", &[("do", "acknowledge"), ("incident", "99")]);
    assert_eq!(gone.status, 409, "{}", gone.text());

    let reader = Person::signed_in(&server, READ);
    let page = reader.get("/incidents").text();
    assert!(page.contains("incident 1") && !page.contains("name=\"do\""), "{page}");
    let page = reader.get("/incidents/1").text();
    assert!(page.contains("What happened") && !page.contains("name=\"do\""), "{page}");
    for path in ["/incidents", "/incidents/1"] {
        let form = form_of(&reader.get("/").text());
        let answer =
            reader.post(path, &[("form", &form), ("do", "acknowledge"), ("incident", "1"), ("who", "eve")]);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        // Another session's form is none.
        let answer = person.post(path, &[("form", &form), ("do", "acknowledge"), ("incident", "1")]);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    let nobody = Person::nobody(&server);
    assert_eq!(nobody.get("/incidents").header("location"), "sign-in?to=incidents");
    assert_eq!(nobody.get("/incidents/1").header("location"), "../sign-in?to=incidents%2F1");
    assert_eq!(stand(&server), ["a open", "b open", "c open"]);
}

#[test]
fn the_list_is_filtered_as_the_api_is_and_has_those_that_are_over() {
    let server = with_three_that_fail();
    succeed(&server, "b");
    let person = Person::signed_in(&server, OPERATE);
    let shown = |query: &str| {
        let page = person.get(&format!("/incidents{query}")).text();
        (1..=3).filter(|id| page.contains(&format!("href=\"incidents/{id}\""))).collect::<Vec<u32>>()
    };
    for (query, expected) in [
        ("", vec![1, 2, 3]),
        ("?standing=open", vec![1, 3]),
        ("?standing=ended", vec![2]),
        ("?standing=resolved", vec![2]),
        ("?standing=acknowledged", vec![]),
        ("?standing=all&check=a", vec![1]),
        ("?label=team%3Ddba", vec![1, 3]),
        ("?reason=failed&since=1h", vec![1, 2, 3]),
        ("?reason=missing", vec![]),
        ("?matchers=team%3D~%22d.*%22%2Ccheck!%3Da", vec![3]),
        ("?standing=all&before=3", vec![1, 2]),
    ] {
        assert_eq!(shown(query), expected, "{query}");
    }
    for (bad, why) in
        [("label=x", "a name and a value"), ("standing=so", "no such standing"), ("since=soon", "since when")]
    {
        let answer = person.get(&format!("/incidents?{bad}"));
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.text().contains(why), "{}", answer.text());
    }
    // Each leads to it.
    assert!(person.get("/").text().contains("href=\"incidents\""));
    assert!(person.get("/checks/a").text().contains("href=\"../incidents/1\""));
    assert_eq!(person.get("/incidents/99").status, 404);
    assert_eq!(person.get("/incidents/a").status, 404);
}

/// 11.3
#[test]
fn one_tells_its_steps_and_who_was_told_and_with_which_answer_by_page_and_api_alike() {
    let sink = WebhookSink::start();
    sink.answer_with(Answer::Status(404));
    let config = format!(
        "receivers: [{{name: chat, group_wait: 0s, webhook: {{url: '{}'}}}}]\ndefault_receivers: [chat]\n{TOKENS}{CHECKS}",
        sink.url()
    );
    let server = Punctual::start(&config);
    fail(&server, "a");
    let deliveries = || api(&server, "/api/v1/incidents/1")["deliveries"].clone();
    wait_until("an answer", PATIENCE, || deliveries()[0]["answer"].is_string());
    let told = deliveries();
    assert_eq!(
        (&told[0]["receiver"], &told[0]["kind"], &told[0]["state"]),
        (&"chat".into(), &"alert".into(), &"in_message".into())
    );
    let answer = told[0]["answer"].as_str().unwrap();
    assert!(answer.contains("404"), "{told}");
    let person = Person::signed_in(&server, OPERATE);
    let answered = say(&person, &[("do", "acknowledge"), ("comment", "<b>on it")]);
    assert_eq!((answered.status, answered.header("location")), (303, "./1"), "{}", answered.text());
    let page = person.get("/incidents/1").text();
    for said in [
        "acknowledged",
        "&lt;b&gt;on it",
        "oncall (token)",
        "chat",
        "404",
        "is being sent",
        "the job said that it failed",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    sink.answer_with(Answer::Status(200));
    succeed(&server, "a");
    // One that is over can only be commented on.
    let page = person.get("/incidents/1").text();
    assert!(page.contains("value=\"comment\"") && !page.contains("value=\"acknowledge\""), "{page}");
    let commented = say(&person, &[("do", "comment"), ("comment", "it was the disk")]);
    assert_eq!(commented.status, 303, "{}", commented.text());
    let steps: Value = api(&server, "/api/v1/incidents/1")["steps"].clone();
    assert!(steps.as_array().unwrap().iter().any(|step| step["comment"] == "it was the disk"), "{steps}");
}

/// 1.1, 22.4: what was said stays on record; how long it still holds is another matter once the clock was set back.
#[test]
fn the_end_of_an_acknowledgement_is_shown_by_the_clock_as_it_is_now() {
    let server = with_three_that_fail();
    let person = Person::signed_in(&server, OPERATE);
    assert_eq!(say(&person, &[("do", "acknowledge"), ("for", "1h")]).status, 303);
    let db = rusqlite::Connection::open(server.data().join("punctual.db")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    // 2100-01-01
    db.execute("UPDATE incidents SET acknowledged_until = 4102444800000 WHERE id = 1", []).unwrap();
    let shown = api(&server, "/api/v1/incidents/1");
    assert_eq!(shown["acknowledged_until"], "2100-01-01T00:00:00Z", "{shown}");
    for path in ["/incidents/1", "/checks/a"] {
        let page = person.get(path).text();
        assert!(page.contains("2100-01-01"), "{path}: {page}");
    }
}

/// W14
#[test]
fn on_a_phone_nothing_of_incidents_is_beside_the_screen() {
    let server = with_three_that_fail();
    let person = Person::signed_in(&server, OPERATE);
    let long = format!("{} {}", "w".repeat(90), "several words ".repeat(20));
    let done = press(
        &person,
        "/incidents",
        &[("incident", "1"), ("do", "acknowledge"), ("for", "1h"), ("comment", &long)],
    );
    assert_eq!(done.status, 303, "{}", done.text());
    succeed(&server, "b");
    let folder = tempfile::tempdir().unwrap();
    for path in [
        "/incidents",
        "/incidents?standing=all",
        "/incidents?standing=so",
        "/incidents/1",
        "/incidents/2",
        "/incidents/9",
    ] {
        let page = with_style(&server, &person.get(path).text());
        assert_eq!(found(folder.path(), &page, 390, BESIDE_AND_STUCK), "0 ", "{path}");
    }
}

/// Sends the form of the page of incident 1 with these fields.
fn say(person: &Person<'_>, fields: &[(&str, &str)]) -> crate::support::http::Response {
    let form = form_of(&person.get("/incidents/1").text());
    person.post("/incidents/1", &[&[("form", &*form)], fields].concat())
}
