//! A configuration is judged over the API, and nothing of it is taken.

use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::punctual::Punctual;

const CONFIG: &str = "auth: {tokens: [{name: viewer, scope: read, token: token-of-a-mere-viewer}, {name: jobs, scope: ping, token: token-of-all-the-jobs}]}\nchecks: [{name: a, every: 1h}]\n";

fn judge(server: &Punctual, text: &str) -> Response {
    let request =
        http::client().post(server.url("/api/v1/check-config")).bearer_auth("token-of-a-mere-viewer");
    http::send(request.header("content-type", "application/yaml").body(text.to_owned()))
}

fn judged(server: &Punctual, text: &str) -> Value {
    let answer = judge(server, text);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_configuration_is_judged_and_not_taken() {
    let server = Punctual::start(CONFIG);
    let before = server.get("/metrics").text();
    let checks =
        |text: &str| text.lines().find(|line| line.starts_with("punctual_checks{")).map(str::to_owned);
    let good = judged(&server, "checks: [{name: b, every: 1h}, {name: c, cron: '0 2 30 2 *', grace: 1d}]\n");
    assert_eq!((&good["ok"], &good["checks"]), (&json!(false), &json!(0)), "no 30th of February: {good}");
    let good = judged(&server, "checks: [{name: b, every: 1h}, {name: c, cron: '0 2 29 2 *'}]\n");
    assert_eq!((&good["ok"], &good["checks"], &good["faults"]), (&json!(true), &json!(2), &json!([])));
    assert!(good["warnings"][0].as_str().unwrap().contains("more than a year"), "{good}");
    let bad = judged(&server, "checks:\n  - {name: b, evry: 1h}\n  - {name: b, every: 1h, cron: '* * *'}\n");
    assert_eq!(bad["ok"], false);
    let places: Vec<(u64, u64)> = bad["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["column"].as_u64().unwrap()))
        .collect();
    assert!(places.len() >= 3 && places[0] == (2, 15) && places.is_sorted(), "{bad}");
    let template =
        "receivers:\n  - {name: r, webhook: {url: 'http://127.0.0.1:9', template: '{{ nosuch }}'}}\n";
    let rendered = judged(&server, template);
    assert!(rendered["faults"][0]["message"].as_str().unwrap().contains("undefined value"), "{rendered}");
    assert_eq!(checks(&server.get("/metrics").text()), checks(&before));
    assert_eq!(http::get(&server.url("/ping/b")).status, 404);
}

#[test]
fn no_file_of_the_server_is_read_for_it() {
    let server = Punctual::start(CONFIG);
    std::fs::write(server.folder().join("secret"), "what-stands-in-a-file\nof several lines").unwrap();
    std::fs::write(server.folder().join("more.yaml"), "checks: [{name: of-a-file, evry: 1h}]").unwrap();
    let text = "auth: {tokens: [{name: t, scope: read, token_file: PATH}]}\ncheck_files: [PATH, '*.yaml']\n";
    let secret = server.folder().join("secret");
    let answers = ["/no/such/file", "secret", "punctual.yaml", secret.to_str().unwrap()]
        .map(|path| judged(&server, &text.replace("PATH", path)));
    for answer in &answers {
        let keys: Vec<&str> =
            answer["not_read"].as_array().unwrap().iter().map(|file| file["key"].as_str().unwrap()).collect();
        assert_eq!(
            (&answer["ok"], keys),
            (&json!(true), vec!["token_file", "check_files", "check_files"]),
            "{answer}"
        );
        assert!(
            !answer.to_string().contains("of-a-file") && !answer.to_string().contains("what-stands"),
            "{answer}"
        );
    }
}

#[test]
fn who_may_not_read_may_not_ask_and_what_is_too_long_is_refused() {
    let server = Punctual::start(CONFIG);
    let url = server.url("/api/v1/check-config");
    assert_eq!(http::post(&url, "checks: []").status, 401);
    let ping = http::client().post(&url).bearer_auth("token-of-all-the-jobs").body("checks: []");
    assert_eq!(http::send(ping).status, 403);
    let other = http::client()
        .post(&url)
        .bearer_auth("token-of-a-mere-viewer")
        .header("origin", "https://evil.example");
    assert_eq!(http::send(other.body("checks: []")).status, 403);
    assert_eq!(judge(&server, &format!("checks: []\n#{}", "x".repeat(70_000))).status, 413);
    assert_eq!(http::get(&url).status, 405);
}

/// Whatever is sent, pings are answered meanwhile, and an answer comes.
#[test]
fn what_is_meant_to_do_harm_is_judged_within_bounds() {
    let server = Punctual::start(CONFIG);
    let label = |i: usize| format!("label{i}");
    let crons: String = (0..1_500)
        .map(|i| format!("  - {{name: c{i}, cron: '{} {} 29 2 {}'}}\n", i % 60, i % 24, i % 7))
        .collect();
    let labels: String =
        (0..900).map(|i| format!("  - {{name: c{i}, every: 1h, labels: {{{}: x}}}}\n", label(i))).collect();
    let matchers: Vec<String> = (0..900).map(|i| format!("{}=x", label(i + 1))).collect();
    let templates: String = (0..300)
        .map(|i| format!("  - {{name: r{i}, webhook: {{url: 'http://a', template: '{{% for i in range(9999) %}}x{{% endfor %}}'}}}}\n"))
        .collect();
    let hostile = [
        format!("checks:\n{crons}"),
        format!(
            "receivers: [{{name: a, webhook: {{url: 'http://a'}}}}]\nresponders: [{{matchers: [{}], actions: [{{notify: a}}]}}]\nchecks:\n{labels}",
            matchers.join(", ")
        ),
        format!("receivers:\n{templates}"),
        format!("defaults: &a {{labels: {{x: y}}}}\nchecks: [{}]", "*a,".repeat(20_000)),
        "[".repeat(60_000),
    ];
    for text in hostile {
        let before = std::time::Instant::now();
        let answer = judge(&server, &text);
        let took = before.elapsed();
        assert_eq!(answer.status, 200, "{}: {}", &text[..60], answer.text());
        assert!(took < std::time::Duration::from_secs(40), "{}: {took:?}", &text[..60]);
        server.ping("a");
    }
}
