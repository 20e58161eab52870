//! Diagnoses (§21) from outside: what a reporter finds, what it is told to do, and whom else that is told to.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::process::PATIENCE;
use crate::support::punctual::{Punctual, punctual};
use crate::support::smtp::{SmtpServer, Tls};

const KEY: &str = "a-key-of-the-shop-alone";
const AUTH: &str = "auth: {anonymous: read, ping_keys: [\
    {name: shop, key: a-key-of-the-shop-alone, checks: ['check=~\"agent|pictures|job\"']}, \
    {name: others, key: a-key-of-other-jobs, checks: ['check=other']}], \
    tokens: [{name: oncall, scope: operate, token: token-that-operates}, {name: viewer, scope: read, token: token-that-reads}]}\n";
const CHECKS: &str = "checks:\n  \
    - {name: agent, title: The agent runs, assert: {reported: {reporter: shop}, records: false}}\n  \
    - {name: pictures, title: Profiles have a picture, assert: {reported: {reporter: shop}}}\n  \
    - {name: job, every: 1h}\n  \
    - {name: other, every: 1h}\n";

fn asked(server: &Punctual, (method, path): (Method, &str), key: &str, body: &Value) -> Response {
    let request = http::client().request(method, server.url(&format!("/api/v1/{path}"))).bearer_auth(key);
    http::send(http::with_json(request, body))
}

fn taken(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// A program that asserts something of a shop.
struct Reporter<'s> {
    server: &'s Punctual,
}

impl Reporter<'_> {
    fn reports(&self, check: &str, body: &Value) -> Value {
        taken(&asked(self.server, (Method::POST, &format!("checks/{check}/report")), KEY, body))
    }

    /// The number of the incident of a check that is violated, and what was found of it.
    fn violated(&self, check: &str) -> (u64, Vec<Value>) {
        let answer = self.reports(check, &json!({"result": "violated", "why": "no answer"}));
        let [incident] = answer["incidents"].as_array().unwrap().as_slice() else { panic!("{answer}") };
        (incident["incident"].as_u64().unwrap(), incident["steps"].as_array().unwrap().clone())
    }

    fn tries(&self, incident: u64, cases: &Value) -> Response {
        let to = (Method::POST, &*format!("incidents/{incident}/diagnosis"));
        asked(self.server, to, KEY, &json!({"cases": cases}))
    }

    fn finds(&self, incident: u64, cases: &Value) -> Value {
        taken(&self.tries(incident, cases))
    }

    fn ended(&self, incident: u64, number: &Value, body: &Value) -> Response {
        let to = (Method::PATCH, &*format!("incidents/{incident}/solutions/{number}"));
        asked(self.server, to, KEY, body)
    }
}

/// The response to a case that comes back: by the number of steps that were taken, those that only waited not counted.
fn escalating(steps: &[Value]) -> Value {
    let taken = steps.iter().filter(|step| step["found"] == "solution").count();
    match taken {
        0 => json!({"do": "restart"}),
        1 => json!({"do": "reboot", "args": [1]}),
        _ => json!({"do": "page_somebody"}),
    }
}

/// 21.1, 21.2a, 21.3a, 21.5, 21.7, 21.8a, 21.8b, 21.9, and T7: what django-narrative's README promises, by a small program.
#[test]
fn an_assertion_diagnoses_itself_escalates_and_explains_what_it_did() {
    let smtp = SmtpServer::start(Tls::None, None);
    let server = Punctual::start(&format!(
        "smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}\n\
         receivers: [{{name: ops-mail, group_wait: 0s, email: {{to: [ops@example.org]}}}}]\nadministrators: [ops-mail]\n{AUTH}{CHECKS}",
        smtp.port()
    ));
    let shop = Reporter { server: &server };
    assert!(server.get("/config").text().contains("Where diagnoses need people: <bdi>ops-mail</bdi>"));
    let (incident, steps) = shop.violated("agent");
    assert!(steps.is_empty());

    // The case applies each time: the response is another one.
    for (number, plan) in [(1, json!({"do": "restart"})), (2, json!({"do": "reboot", "args": [1]}))] {
        let (same, steps) = shop.violated("agent");
        assert_eq!((same, steps.len()), (incident, number - 1));
        let stuck = json!([
            {"case": "worker_stuck", "problem": "A worker holds a job for an hour", "reason": "job 7", "plan": escalating(&steps)},
            {"case": "disk_full", "applies": false},
        ]);
        let decided = shop.finds(incident, &stuck);
        let solution = json!({"number": number, "case": "worker_stuck", "plan": plan});
        assert_eq!(decided, json!({"decision": "apply", "solution": solution}));
        assert_eq!(shop.finds(incident, &stuck)["decision"], "under_way", "nobody carries it out twice");
        let names = shop.reports("agent", &json!({"result": "violated"}));
        assert_eq!(names["incidents"], json!([]), "nothing is decided while one is under way");
        let ended = taken(&shop.ended(incident, &json!(number), &json!({"enacted": true})));
        assert_eq!(ended, json!({"number": number, "result": "enacted"}));
    }
    let deploy = json!([{"case": "deploy", "problem": "A deploy is under way", "pass": true}]);
    assert_eq!(shop.finds(incident, &deploy), json!({"decision": "wait", "solution": null}));
    assert_eq!(server.get(&format!("/api/v1/incidents/{incident}")).json()["status"], "solution_applied");

    // Two cases at once are for people, who are told once.
    let both = json!([
        {"case": "worker_stuck", "problem": "A worker holds a job for an hour", "plan": "restart"},
        {"case": "deploy", "problem": "A deploy is under way", "pass": true},
    ]);
    for _ in 0..2 {
        shop.violated("agent");
        assert_eq!(shop.finds(incident, &both)["decision"], "impasse");
    }
    let mail = smtp.mails.wait_for_count("that it is an impasse", PATIENCE, 1).remove(0);
    assert_eq!(mail.header("Subject"), "[IMPASSE] The agent runs");
    let text = mail.text.clone().unwrap();
    for words in [
        "IMPASSE: several cases apply, so nothing is done",
        "FAILING (violated) since",
        "Cases: worker_stuck: A worker holds a job for an hour\n",
        "  deploy: A deploy is under way\n",
        "Sent because: administrators are told where diagnoses need people",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(mail.html.unwrap().contains("deploy: A deploy is under way"));

    let shown = server.get(&format!("/api/v1/incidents/{incident}")).json();
    let explained = &shown["explanation"];
    assert_eq!((&explained["title"], &explained["standing"]), (&json!("The agent runs"), &json!("impasse")));
    let said = |step: &Value| {
        let of = |key: &str| step[key].clone();
        json!([of("found"), of("case"), of("problem"), of("plan"), of("enacted"), of("result"), of("reason")])
    };
    let stuck = "A worker holds a job for an hour";
    let steps: Vec<Value> = explained["steps"].as_array().unwrap().iter().map(said).collect();
    assert_eq!(
        steps,
        [
            json!(["solution", "worker_stuck", stuck, {"do": "restart"}, true, "enacted", "job 7"]),
            json!(["solution", "worker_stuck", stuck, {"do": "reboot", "args": [1]}, true, "enacted", "job 7"]),
            json!(["pass", "deploy", "A deploy is under way", null, null, null, ""]),
            json!(["impasse", null, null, null, null, null, null]),
        ]
    );
    let page = server.get(&format!("/incidents/{incident}")).text();
    for words in [
        "What was found",
        "impasse",
        "Impasse: several cases apply",
        "A deploy is under way",
        "reboot",
        "enacted",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let data = server.data().display().to_string();
    let (is_good, said) = punctual(&["incidents", "show", &incident.to_string(), "--storage.path", &data]);
    assert!(is_good && said.contains("CAME OF IT") && said.contains("solution 2"), "{said}");

    // Whoever has something to clean up reads what ended.
    let ended = shop.reports("agent", &json!({"result": "holds"}));
    assert_eq!((&ended["ended"][0]["incident"], &ended["incidents"]), (&json!(incident), &json!([])));
    let mail = smtp.mails.wait_for_count("that it is over", PATIENCE, 2).remove(1);
    assert_eq!(mail.header("Subject"), "[RECOVERED] The agent runs");
    assert_eq!(shop.tries(incident, &both).status, 409, "it has ended");
}

/// 21.2a, 21.8a: of a check with records each is diagnosed by itself, at most 20 in one answer, and each has its turn.
#[test]
fn of_many_records_those_that_were_looked_at_longest_ago_come_first() {
    let server = Punctual::start(&format!("{AUTH}{CHECKS}"));
    let shop = Reporter { server: &server };
    let records: Vec<Value> = (0..30)
        .map(|number| json!({"key": format!("{number:02}"), "title": format!("Ada {number}")}))
        .collect();
    let violated = json!({"result": "violated", "records": records});
    let keys = |answer: &Value| -> Vec<String> {
        let incidents = answer["incidents"].as_array().unwrap();
        incidents.iter().map(|of| of["key"].as_str().unwrap().to_owned()).collect()
    };
    let first = shop.reports("pictures", &violated);
    assert_eq!((keys(&first).len(), &first["incidents"][0]["title"]), (20, &json!("Ada 0")));
    for of in first["incidents"].as_array().unwrap() {
        let decided = shop.finds(of["incident"].as_u64().unwrap(), &json!([]));
        assert_eq!(decided, json!({"decision": "no_case", "solution": null}));
    }
    let second = shop.reports("pictures", &violated);
    let named = keys(&second);
    assert_eq!(named[..10], (20..30).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(named[10..], keys(&first)[..10]);
    // What somebody has answered is left alone.
    let id = &second["incidents"][0]["incident"];
    let says = asked(
        &server,
        (Method::POST, &format!("incidents/{id}/wont-fix")),
        "token-that-operates",
        &json!({}),
    );
    assert_eq!(says.status, 200);
    assert!(!keys(&shop.reports("pictures", &violated)).contains(&"20".to_owned()));
    let refused = shop.tries(id.as_u64().unwrap(), &json!([]));
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("it is wont_fix: people have answered it"), "{}", refused.text());
}

/// 21.2b, 21.6d, 23.1d
#[test]
fn whoever_may_report_of_a_check_may_diagnose_its_incidents_and_no_others() {
    let server = Punctual::start(&format!("{AUTH}{CHECKS}"));
    let shop = Reporter { server: &server };
    let (incident, _) = shop.violated("agent");
    let path = format!("incidents/{incident}/diagnosis");
    let one = json!({"cases": [{"case": "a", "plan": 1}]});
    let status = |key: &str, path: &str, body: &Value| asked(&server, (Method::POST, path), key, body).status;
    assert_eq!(status("a-key-of-other-jobs", &path, &one), 403);
    assert_eq!(status("token-that-reads", &path, &one), 403);
    assert_eq!(status("a-key-of-nobody-at-all", &path, &one), 401);
    assert_eq!(status(KEY, "incidents/77/diagnosis", &one), 404);
    assert_eq!(status(KEY, "incidents/x/diagnosis", &one), 404);
    let bad = [
        (json!({"cases": [{"case": "a"}]}), "has one of `plan`, `plans` and"),
        (json!({"cases": [{"case": "a", "plan": 1, "pass": true}]}), "has one of `plan`, `plans` and"),
        (json!({"cases": [{"case": ""}]}), "a case has a name"),
        (json!({"cases": [{"case": "a", "pass": true}, {"case": "a", "pass": true}]}), "is there twice"),
        (json!({"cases": [{"case": "a", "plan": "x".repeat(10_001)}]}), "a plan has at most 10000 bytes"),
        (
            json!({"cases": (0..21).map(|n| json!({"case": n.to_string(), "pass": true})).collect::<Vec<_>>()}),
            "at most 20 cases",
        ),
    ];
    for (body, words) in bad {
        let answer = asked(&server, (Method::POST, &path), KEY, &body);
        assert_eq!((answer.status, answer.text().contains(words)), (422, true), "{}", answer.text());
    }
    assert_eq!(status(KEY, &path, &json!({"case": []})), 400);

    // 21.4b: an answer that was lost.
    let look = format!("{path}?rid=look-1");
    let decided = taken(&asked(&server, (Method::POST, &look), KEY, &one));
    assert_eq!(decided, json!({"decision": "apply", "solution": {"number": 1, "case": "a", "plan": 1}}));
    assert_eq!(taken(&asked(&server, (Method::POST, &look), KEY, &one)), decided);
    assert_eq!(shop.finds(incident, &one["cases"])["decision"], "under_way");
    let to = format!("incidents/{incident}/solutions/1");
    assert_eq!(
        asked(&server, (Method::PATCH, &to), "a-key-of-other-jobs", &json!({"enacted": true})).status,
        403
    );
    assert_eq!(shop.ended(incident, &json!(2), &json!({"enacted": true})).status, 404);
    let failed = json!({"enacted": true, "error": "Traceback: no such worker"});
    for _ in 0..2 {
        assert_eq!(taken(&shop.ended(incident, &json!(1), &failed))["result"], "failed");
    }
    let otherwise = shop.ended(incident, &json!(1), &json!({"enacted": true}));
    assert_eq!((otherwise.status, otherwise.text().contains("this solution failed at")), (409, true));

    // What is pinged explains nothing.
    assert_eq!(asked(&server, (Method::POST, "checks/job/ping?kind=fail"), KEY, &json!({})).status, 200);
    let job = server.get("/api/v1/checks/job/incidents").json()["incidents"][0]["id"].as_u64().unwrap();
    let refused = shop.tries(job, &json!([]));
    assert_eq!((refused.status, refused.text().contains("not asserted by a reporter")), (409, true));
}
