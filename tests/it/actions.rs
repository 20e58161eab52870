//! Actions of responders: mails of their own, and what they hand to programs (12.8).

use serde_json::{Value, json};

use crate::support::http;
use crate::support::process::PATIENCE;
use crate::support::punctual::{Punctual, punctual};
use crate::support::sink::WebhookSink;
use crate::support::smtp::{Mail, SmtpServer, Tls};

fn report(server: &Punctual, name: &str, result: &str) {
    let url = server.url(&format!("/api/v1/checks/{name}/report"));
    let answer = http::post_json(&url, &json!({"result": result, "why": "That 'impossible' edge case"}));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn smtp(server: &SmtpServer) -> String {
    format!("smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}\n", server.port())
}

fn subjects(mails: &[Mail]) -> Vec<(&str, &str)> {
    mails.iter().map(|mail| (mail.to[0].as_str(), mail.header("subject"))).collect()
}

/// 12.8a: django-issue's example, with seconds in place of its 30 and 1,800.
#[test]
fn a_responder_mails_somebody_soon_and_somebody_else_later() {
    let smtp_server = SmtpServer::start(Tls::None, None);
    let server = Punctual::start(&format!(
        "{}responders:\n  \
         - matchers: ['check=\"shop-issues\"']\n    \
           actions:\n      \
             - {{email: {{to: [john.smith@example.com], subject: \"Doh!\"}}, after: 1s}}\n      \
             - {{email: {{to: [john.smith-boss@example.com], subject: \"Doh-2!\"}}, after: 8s}}\n\
         checks:\n  \
         - {{name: shop-issues, title: Issues of the shop, assert: {{reported: {{reporter: shop}}}}}}\n",
        smtp(&smtp_server)
    ));
    report(&server, "shop-issues", "violated");
    let mails = smtp_server.mails.wait_for_count("both mails", PATIENCE, 2);
    assert_eq!(
        subjects(&mails),
        [("john.smith@example.com", "Doh!"), ("john.smith-boss@example.com", "Doh-2!")]
    );
    let text = mails[0].text.clone().unwrap();
    assert!(text.contains("That 'impossible' edge case") && mails[0].html.is_some(), "{text}");
    let incident = server.get("/api/v1/incidents").json()["incidents"][0].clone();
    report(&server, "shop-issues", "holds");
    let mails = smtp_server.mails.wait_for_count("its end", PATIENCE, 4);
    let mut ends = subjects(&mails[2..]);
    ends.sort_unstable();
    assert_eq!(
        ends,
        [
            ("john.smith-boss@example.com", "[RECOVERED] Doh-2!"),
            ("john.smith@example.com", "[RECOVERED] Doh!")
        ]
    );
    // Who is told too late to be told at all is not.
    report(&server, "shop-issues", "violated");
    smtp_server.mails.wait_for_count("the next", PATIENCE, 5);
    report(&server, "shop-issues", "holds");
    let mails = smtp_server.mails.wait_for_count("its end, too", PATIENCE, 6);
    assert_eq!(subjects(&mails[4..]).iter().filter(|(to, _)| to.contains("boss")).count(), 0);
    assert!(incident["incident"].is_u64() || incident["id"].is_u64(), "{incident}");
}

/// 12.8a, 12.5: a subject of its own says that all is well when all is well.
#[test]
fn a_subject_of_its_own_says_recovered_once_no_record_is_open() {
    let smtp_server = SmtpServer::start(Tls::None, None);
    let server = Punctual::start(&format!(
        "{}responders:\n  - actions: [{{email: {{to: [a@example.org], subject: \"Doh!\"}}}}]\n\
         checks: [{{name: issues, assert: {{reported: {{}}}}}}]\n",
        smtp(&smtp_server)
    ));
    let named = |keys: &[&str]| {
        let records: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
        let result = if keys.is_empty() { "holds" } else { "violated" };
        let url = server.url("/api/v1/checks/issues/report");
        let answer = http::post_json(&url, &json!({"result": result, "records": records}));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    for (mails, (keys, subject)) in
        (1..).zip([(&["1", "2"][..], "Doh!"), (&["2"], "[EASED] Doh!"), (&[], "[RECOVERED] Doh!")])
    {
        named(keys);
        let told = smtp_server.mails.wait_for_count("what changed", PATIENCE, mails);
        assert_eq!(told[mails - 1].header("subject"), subject);
    }
}

/// 12.8a: values are escaped as the part of the mail needs it, and each action is as it says.
#[test]
fn a_mail_says_what_its_action_has_it_say() {
    let smtp_server = SmtpServer::start(Tls::None, None);
    let server = Punctual::start(&format!(
        "{}responders:\n  \
         - actions:\n      \
             - {{email: {{to: [a@example.org], subject: A, text: \"{{{{ checks[0].title }}}} is {{{{ checks[0].word }}}}\", reply_to: 'Help <help@example.org>'}}}}\n      \
             - {{email: {{to: [b@example.org], html: \"<p>{{{{ checks[0].title }}}}</p>\"}}}}\n      \
             - {{email: {{to: [b@example.org], html: \"<p>{{{{ checks[0].title }}}}</p>\"}}}}\n\
         checks: [{{name: a, title: 'a <b> & c', every: 1h}}]\n",
        smtp(&smtp_server)
    ));
    server.ping("a/fail");
    let mut mails = smtp_server.mails.wait_for_count("both", PATIENCE, 2);
    mails.sort_by(|one, other| one.to.cmp(&other.to));
    let [to_a, to_b] = &mails[..] else { panic!("two that are the same are one: {mails:#?}") };
    assert_eq!((to_a.header("subject"), to_a.header("reply-to")), ("A", "Help <help@example.org>"));
    assert_eq!((to_a.text.as_deref().map(str::trim_end), &to_a.html), (Some("a <b> & c is FAILING"), &None));
    assert_eq!(to_b.header("subject"), "[FAILING] a <b> & c");
    assert_eq!(to_b.html.as_deref().map(str::trim_end), Some("<p>a &lt;b&gt; &amp; c</p>"));
    assert!(to_b.text.is_some() && !to_b.has_header("reply-to"));
    let shown = server.get("/config").text();
    assert!(shown.contains("mail/"), "{shown}");
}

/// 12.8b: a program learns what it is to do; each action is told, by name of the same receiver too.
#[test]
fn a_webhook_is_handed_what_its_action_says() {
    let sink = WebhookSink::start();
    let server = Punctual::start(&format!(
        "receivers: [{{name: shop, group_wait: 0s, webhook: {{url: '{}'}}}}]\n\
         responders:\n  \
         - actions:\n      \
             - {{notify: shop, with: {{target_function: shop.actions.refund, function_kwargs: {{limit: 10}}}}}}\n      \
             - {{notify: shop, with: {{target_function: shop.actions.apologize}}}}\n      \
             - {{notify: shop}}\n\
         checks: [{{name: a, every: 1h}}]\n",
        sink.url()
    ));
    server.ping("a/fail");
    let told = |status: &str, count: usize| {
        sink.received.wait("all that is handed over", PATIENCE, |all| {
            let alerts = all.iter().flat_map(|one| one.json()["alerts"].as_array().unwrap().clone());
            let with: Vec<Value> =
                alerts.filter(|alert| alert["status"] == status).map(|alert| alert["with"].clone()).collect();
            (with.len() == count).then_some(with)
        })
    };
    let refund = json!({"target_function": "shop.actions.refund", "function_kwargs": {"limit": 10}});
    let apologize = json!({"target_function": "shop.actions.apologize"});
    assert_eq!(told("firing", 3), [refund.clone(), apologize, Value::Null]);
    server.ping("a");
    assert_eq!(told("resolved", 1), [refund], "the end is told once");
}

#[test]
fn check_config_looks_at_the_templates_of_mails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("punctual.yaml");
    let config = "smtp: {host: localhost, from: a@example.org}\nresponders:\n  \
        - actions: [{email: {to: a@example.org, text: '{{ nothing.like.this }}'}}]\nchecks: []\n";
    std::fs::write(&file, config).unwrap();
    let (is_good, said) = punctual(&["check-config", file.to_str().unwrap()]);
    assert!(!is_good && said.contains("punctual.yaml:3:") && said.contains("undefined"), "{said}");
    std::fs::write(&file, config.replace("nothing.like.this", "subject")).unwrap();
    let (is_good, said) = punctual(&["check-config", file.to_str().unwrap()]);
    assert!(is_good && said.contains("does not name every check"), "{said}");
}
