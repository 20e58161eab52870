//! Numbers that no row can have, wherever a request may name a row.

use punctual::http::routes::{Needs, ROUTES, Route};

use crate::access;
use crate::support::http;
use crate::support::punctual::Punctual;

const TOKEN: &str = "token-that-may-write";

/// 15.3: whoever may ask may ask for anything, and ends nothing but their own request.
#[test]
fn what_has_a_number_that_no_row_can_have_is_not_there_and_the_server_goes_on() {
    let server = Punctual::start(&format!(
        "auth: {{tokens: [{{name: ci, scope: write, token: {TOKEN}}}]}}\nchecks: [{{name: backup, every: 1h}}]\n"
    ));
    let ask = |method: &str, path: &str, body: &str| {
        let request = http::client().request(method.parse().unwrap(), server.url(path)).bearer_auth(TOKEN);
        let answer = http::send(request.body(body.to_owned()));
        let still = server.get("/-/healthy");
        assert!(still.status == 200, "{method} {path}: {}", still.text());
        answer
    };
    let numbers = [1 << 63, u64::MAX].map(|number: u64| number.to_string());
    // What is no number of ours at all is as little there.
    let numbers = numbers.into_iter().chain(["18446744073709551616", "-1", "0"].map(str::to_owned));
    let mut asked = 0;
    for number in numbers {
        // What a form is about is looked for after its origin.
        let of_id = |route: &&Route| route.template.contains("{id}") && route.needs != Needs::Form;
        for route in ROUTES.iter().filter(of_id) {
            let path = access::path(&route.template.replace("{id}", &number));
            let body = if path.ends_with("/comment") { r#"{"comment": "why"}"# } else { "" };
            for method in route.methods {
                let answer = ask(method.as_str(), &path, body);
                assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
                asked += 1;
            }
        }
        for list in ["messages", "incidents", "checks/backup/pings", "checks/backup/incidents"] {
            let answer = ask("GET", &format!("/api/v1/{list}?cursor={number}"), "");
            assert!([200, 400].contains(&answer.status), "{list} {number}: {}", answer.text());
        }
        for path in ["incidents/acknowledge", "messages/retry", "mutes"] {
            let body = format!("{{\"id\": {number}, \"ids\": [{number}]}}");
            assert_eq!(ask("POST", &format!("/api/v1/{path}"), &body).status, 400, "{path} {body}");
        }
    }
    assert!(asked > 40, "only {asked}");
    // It writes, too.
    assert_eq!(ask("POST", "/api/v1/checks/backup/pause", "").status, 200);
}
