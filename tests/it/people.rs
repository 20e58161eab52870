//! People at the pages: they sign in, see what they may do, and do it (§22, §23).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::Punctual;

pub(crate) const READ: &str = "token-that-reads-all";
const PING: &str = "token-that-only-pings";
pub(crate) const OPERATE: &str = "token-that-operates";
pub(crate) const WRITE: &str = "token-that-may-write";
pub(crate) const TOKENS: &str = "auth:\n  ping_keys: [{name: jobs, key: ping-key-of-the-jobs}]\n  tokens: [{name: look, scope: read, token: token-that-reads-all}, \
    {name: jobs, scope: ping, token: token-that-only-pings}, {name: oncall, scope: operate, token: token-that-operates}, \
    {name: ci, scope: write, token: token-that-may-write}]\n";
const CHECKS: &str = "checks: [{name: backup, every: 1h}, {name: soon, every: 1s, grace: 0s}]\n";

/// Somebody at a browser, which sends what browsers send.
pub(crate) struct Person<'s> {
    server: &'s Punctual,
    cookie: Option<String>,
}

impl<'s> Person<'s> {
    pub(crate) fn nobody(server: &'s Punctual) -> Person<'s> {
        Person { server, cookie: None }
    }

    pub(crate) fn signed_in(server: &'s Punctual, token: &str) -> Person<'s> {
        let mut person = Person::nobody(server);
        let answer = person.post("/sign-in", &[("token", token), ("to", "")]);
        assert_eq!((answer.status, answer.header("location")), (303, "./"), "{}", answer.text());
        let cookie = answer.header("set-cookie");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
        person.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        person
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let request = http::client().request(method.parse().unwrap(), self.server.url(path));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        http::send(self.request("GET", path))
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let origin = self.server.url("");
        http::send(form(self.request("POST", path).header("origin", origin.trim_end_matches('/')), fields))
    }

    /// Presses a button of a check's page, in the form that has it, with these fields filled in.
    fn press(&self, check: &str, button: &str, filled: &[(&str, &str)]) -> Response {
        let page = self.get(&format!("/checks/{check}")).text();
        let fields = fields_of(&page, button);
        let mut fields = as_texts(&fields);
        fields.extend(filled);
        fields.push(("do", button));
        self.post(&format!("/checks/{check}"), &fields)
    }
}

pub(crate) fn form(request: reqwest::RequestBuilder, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// What the forms of a page send back, by which they are its viewer's.
pub(crate) fn form_of(page: &str) -> String {
    page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// The hidden fields of the form that has this button.
pub(crate) fn fields_of(page: &str, button: &str) -> Vec<(String, String)> {
    let has_it = |form: &&str| form.contains(&format!("name=\"do\" value=\"{button}\""));
    let form = page.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap()).find(has_it);
    let form = form.unwrap_or_else(|| panic!("no form has `{button}`: {page}"));
    let value = |tag: &str, name: &str| {
        tag.split(&format!("{name}=\"")).nth(1).map(|rest| rest.split('"').next().unwrap().to_owned())
    };
    let hidden = form.split('<').filter(|tag| tag.starts_with("input type=\"hidden\""));
    hidden.map(|tag| (value(tag, "name").unwrap(), value(tag, "value").unwrap_or_default())).collect()
}

/// The same, to be sent with others.
pub(crate) fn as_texts(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The buttons that a page offers.
fn offered(page: &str) -> BTreeSet<String> {
    page.split("name=\"do\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

pub(crate) fn api(server: &Punctual, path: &str) -> Value {
    http::send(http::client().get(server.url(path)).bearer_auth(READ)).json()
}

fn pings(server: &Punctual, check: &str) -> Vec<Value> {
    api(server, &format!("/api/v1/checks/{check}/pings"))["pings"].as_array().unwrap().clone()
}

/// A server with a check that is late.
fn with_a_late_check() -> Punctual {
    let server = Punctual::start(&format!("{TOKENS}{CHECKS}"));
    let incidents = || api(&server, "/api/v1/incidents")["incidents"].as_array().unwrap().len();
    wait_until("an incident", PATIENCE, || incidents() == 1);
    server
}

/// 23.2
#[test]
fn pages_lead_to_where_one_signs_in_and_from_there_back() {
    let server = Punctual::start(&format!("{TOKENS}{CHECKS}"));
    let nobody = Person::nobody(&server);
    let check = |path: &str, expected: &str| {
        let answer = nobody.get(path);
        assert_eq!((answer.status, answer.header("location")), (303, expected), "{path}");
    };
    check("/", "sign-in?to=");
    check("/?q=team", "sign-in?to=%3Fq%3Dteam");
    check("/checks/backup?before=3", "../sign-in?to=checks%2Fbackup%3Fbefore%3D3");
    // Whether there is such a check is nobody's business.
    check("/checks/none", "../sign-in?to=checks%2Fnone");
    let page = nobody.get("/sign-in?to=checks%2Fbackup").text();
    assert!(page.contains("name=\"to\" value=\"checks/backup\""), "{page}");
    let answer = nobody.post("/sign-in", &[("token", OPERATE), ("to", "checks/backup")]);
    assert_eq!((answer.status, answer.header("location")), (303, "./checks/backup"));
    let person = Person::signed_in(&server, OPERATE);
    let page = person.get("/checks/backup");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<bdi>oncall</bdi> (operate)"), "{}", page.text());
    assert!(server.log().contains("`auth.anonymous: read` opens"), "{}", server.log());
    for open in ["/-/healthy", "/-/ready", "/style.css", "/script.js", "/metrics", "/runbook"] {
        assert_eq!(nobody.get(open).status, 200, "{open}");
    }
}

/// 23.3
#[test]
fn what_is_no_token_that_reads_signs_nobody_in() {
    let server = Punctual::start(&format!("{TOKENS}{CHECKS}"));
    for (token, status, why) in
        [("wrong", 403, "not known"), ("", 403, "not known"), (PING, 403, "for pings alone")]
    {
        let answer = Person::nobody(&server).post("/sign-in", &[("token", token)]);
        assert_eq!((answer.status, answer.header("set-cookie")), (status, ""), "{token}");
        assert!(answer.text().contains(why) && !answer.text().contains(PING), "{}", answer.text());
    }
    for number in 0..8 {
        Person::nobody(&server).post("/sign-in", &[("token", &format!("wrong-{number}"))]);
    }
    let answer = Person::nobody(&server).post("/sign-in", &[("token", "wrong-9")]);
    assert_eq!((answer.status, answer.header("retry-after")), (429, "60"), "{}", answer.text());
    // One that is right and cannot be guessed is taken all the same: behind a proxy all have one address.
    Person::signed_in(&server, READ);
    let open = Punctual::start(CHECKS);
    assert!(Person::nobody(&open).get("/sign-in").text().contains("nothing to sign in with"));
}

/// 23.3
#[test]
fn a_session_ends_when_somebody_signs_out_and_when_its_token_is_taken_away_and_outlives_a_restart() {
    let mut server = Punctual::start(&format!("{TOKENS}{CHECKS}"));
    let cookie = Person::signed_in(&server, OPERATE).cookie;
    server.restart();
    let person = Person { server: &server, cookie };
    assert_eq!(person.get("/").status, 200);
    let page = person.get("/").text();
    let form = fields_of(&page.replace("Sign out", "name=\"do\" value=\"sign-out\""), "sign-out");
    let refused = person.post("/sign-out", &[("form", "of-another")]);
    assert_eq!((refused.status, refused.header("set-cookie")), (403, ""));
    let out = person.post("/sign-out", &[("form", &form[0].1)]);
    assert_eq!((out.status, out.header("location")), (303, "./"));
    let over = format!("punctual-{}=; Path=/; Max-Age=0;", server.port());
    assert!(out.header("set-cookie").starts_with(&over), "{}", out.header("set-cookie"));
    server.write_config(&format!("{}{CHECKS}", TOKENS.replace(OPERATE, "another-that-operates")));
    assert_eq!(server.reload().status, 200);
    assert_eq!(person.get("/").status, 303);
    assert_eq!(person.get("/api/v1/checks").status, 401);
}

/// 23.4
#[test]
fn a_session_is_good_for_pages_and_for_reading_and_no_program_writes_by_it() {
    let server = Punctual::start(&format!("{TOKENS}{CHECKS}"));
    let person = Person::signed_in(&server, WRITE);
    assert_eq!(person.get("/api/v1/checks").status, 200);
    for (method, path) in [
        ("POST", "/api/v1/checks/backup/pause"),
        ("DELETE", "/api/v1/checks/backup"),
        ("POST", "/api/v1/reload"),
    ] {
        let request = person.request(method, path).header("origin", server.url("").trim_end_matches('/'));
        assert_eq!(http::send(request).status, 401, "{method} {path}");
    }
}

/// 23.1, 23.6
#[test]
fn what_somebody_may_not_do_is_not_offered_and_is_refused() {
    let server = with_a_late_check();
    let pinging = ["success", "fail", "start"];
    let operating = ["success", "fail", "start", "acknowledge", "wont-fix", "comment", "pause", "mute"];
    let all = [
        "success",
        "fail",
        "start",
        "acknowledge",
        "wont-fix",
        "reopen",
        "comment",
        "pause",
        "unpause",
        "mute",
        "unmute",
    ];
    let check = |person: &Person<'_>, form: &str, shown: &[&str], may: &[&str]| {
        if !shown.is_empty() || person.cookie.is_some() {
            let page = person.get("/checks/soon").text();
            assert_eq!(offered(&page), shown.iter().map(|act| (*act).to_owned()).collect(), "{page}");
        }
        for act in all.into_iter().filter(|act| !may.contains(act)) {
            let answer = person.post("/checks/soon", &[("form", form), ("do", act), ("who", "ann")]);
            assert_eq!(answer.status, 403, "{act}: {}", answer.text());
        }
    };
    let reader = Person::signed_in(&server, READ);
    let page = reader.get("/checks/soon").text().replace("Sign out", "name=\"do\" value=\"sign-out\"");
    let form = fields_of(&page, "sign-out")[0].1.clone();
    check(&reader, &form, &[], &[]);
    check(&Person::signed_in(&server, OPERATE), "", &operating, &all);
    check(&Person::nobody(&server), "", &[], &[]);
    assert_eq!(api(&server, "/api/v1/checks/soon")["paused"], false);
    assert!(pings(&server, "soon").is_empty());
    // Without keys and tokens everybody may ping, and nobody may do more.
    let open = Punctual::start(CHECKS);
    let anybody = Person::nobody(&open);
    assert_eq!(offered(&anybody.get("/checks/backup").text()), pinging.map(str::to_owned).into());
    check(&anybody, "", &pinging, &pinging);
    let answer = anybody.post("/checks/backup", &[("do", "pause"), ("who", "ann")]);
    assert!(answer.text().contains("auth.tokens"), "{}", answer.text());
}

/// 7.1c, 22.1, 22.2a
#[test]
fn who_operates_acts_on_the_page_and_the_api_knows_who_it_was() {
    let server = with_a_late_check();
    let person = Person::signed_in(&server, OPERATE);
    let done = |button: &str, filled: &[(&str, &str)]| {
        let answer = person.press("soon", button, filled);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "./soon"),
            "{button}: {}",
            answer.text()
        );
    };
    done("acknowledge", &[("who", "ann"), ("for", "4h"), ("comment", "a\r\nb")]);
    done("comment", &[("who", "ann"), ("for", "4h"), ("comment", "it is the disk")]);
    let incident = api(&server, "/api/v1/incidents")["incidents"][0].clone();
    let left = |key: &str| incident[key].as_str().is_some_and(|said| !said.is_empty());
    assert!(left("acknowledged_until") && incident["comment"] == "a\nb", "{incident}");
    let page = person.get("/checks/soon").text();
    assert!(page.contains("it is the disk") && page.contains(", which ends <time"), "{page}");
    assert_eq!(
        (&incident["status"], &incident["said_by"]),
        (&"acknowledged".into(), &"ann (token oncall)".into()),
        "{incident}"
    );
    done("reopen", &[]);
    done("wont-fix", &[]);
    assert_eq!(api(&server, "/api/v1/incidents")["incidents"][0]["said_by"], "oncall (token)");
    done("mute", &[("for", "4h"), ("comment", "disk is changed"), ("who", "bob")]);
    let mute = api(&server, "/api/v1/mutes")["mutes"][0].clone();
    assert_eq!(
        (&mute["by"], &mute["comment"]),
        (&"bob (token oncall)".into(), &"disk is changed".into()),
        "{mute}"
    );
    assert!(person.get("/checks/soon").text().contains("muted by mute"));
    done("unmute", &[]);
    assert_eq!(api(&server, "/api/v1/mutes")["mutes"], serde_json::json!([]));
    done("pause", &[("for", ""), ("comment", "moving house")]);
    assert_eq!(api(&server, "/api/v1/checks/soon")["paused"], true);
    let page = person.get("/checks/soon").text();
    assert!(page.contains("Paused by <bdi>oncall (token)</bdi>") && page.contains("moving house"), "{page}");
    done("unpause", &[]);
    done("success", &[("who", "ann"), ("comment", "signed off")]);
    assert_eq!(pings(&server, "soon")[0]["comment"], "signed off (by ann (token oncall))");
    let log = server.log();
    assert!(
        log.contains("on a page") && log.contains("\"token\":\"oncall\"") && !log.contains(OPERATE),
        "{log}"
    );
}

/// 22.2a, 4.1
#[test]
fn a_form_that_is_sent_twice_counts_once_and_two_forms_twice() {
    let server = Punctual::start(CHECKS);
    let anybody = Person::nobody(&server);
    let page = anybody.get("/checks/backup").text();
    let hidden = fields_of(&page, "success");
    let mut fields = as_texts(&hidden);
    fields.extend([("do", "success"), ("who", "ann")]);
    for _ in 0..2 {
        assert_eq!(anybody.post("/checks/backup", &fields).status, 303);
    }
    let counted = || {
        server.get("/api/v1/checks/backup/pings").json()["pings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|ping| ping["repeat"] != true)
            .count()
    };
    assert_eq!(counted(), 1);
    assert_eq!(anybody.press("backup", "success", &[("who", "ann")]).status, 303);
    assert_eq!(counted(), 2);
    // Who has no token has no name but the one they give.
    let answer = anybody.press("backup", "success", &[]);
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("say who you are"), "{}", answer.text());
    assert_eq!(counted(), 2);
}

/// 22.2b
#[test]
fn what_somebody_says_is_done_ends_the_run_that_hangs() {
    let server = Punctual::start(CHECKS);
    let anybody = Person::nobody(&server);
    let running = || server.get("/api/v1/checks/backup").json()["running"].clone();
    server.ping("backup/start?rid=r1");
    assert_eq!(running(), true);
    anybody.press("backup", "success", &[("who", "ann")]);
    assert_eq!(running(), false);
    anybody.press("backup", "start", &[("who", "ann")]);
    assert_eq!(running(), true);
    anybody.press("backup", "fail", &[("who", "ann")]);
    assert_eq!(running(), false);
}

/// 22.2
#[test]
fn whoever_is_refused_is_told_why_on_a_page_and_keeps_what_they_wrote() {
    let server = Punctual::start(&format!(
        "{TOKENS}{}",
        CHECKS.replace("every: 1h", "every: 1h, renamed_from: [old]")
    ));
    let written = [("do", "success"), ("who", ""), ("comment", "done & <checked>")];
    let shown = "You had written: done &amp; &lt;checked&gt;";
    let over = Person::nobody(&server).post("/checks/backup", &written);
    let text = over.text();
    assert_eq!((over.status, over.header("content-type")), (403, "text/html; charset=utf-8"), "{text}");
    assert!(text.contains(shown) && text.contains("../sign-in?to=checks%2Fbackup"), "{text}");
    let person = Person::signed_in(&server, OPERATE);
    let of_another = person.post("/checks/backup", &written);
    assert_eq!(of_another.status, 403);
    let text = of_another.text();
    assert!(
        text.contains(shown) && text.contains("load the page again") && text.contains("id=\"main\""),
        "{text}"
    );
    let form = fields_of(&person.get("/checks/backup").text(), "mute")[0].1.clone();
    let renamed = person
        .post("/checks/old", &[("form", &form), ("do", "mute"), ("for", "x"), ("comment", "until noon")]);
    assert_eq!(renamed.status, 422, "{}", renamed.text());
    assert!(
        renamed.text().contains("for how long") && renamed.text().contains("until noon"),
        "{}",
        renamed.text()
    );
}

/// 23.4
#[test]
fn where_a_proxy_changes_the_name_the_refusal_says_what_to_start_with() {
    let server = Punctual::start(&format!("{TOKENS}{CHECKS}"));
    let send = |origin: &str| {
        let request = Person::nobody(&server).request("POST", "/sign-in").header("origin", origin);
        http::send(form(request, &[("token", OPERATE)]))
    };
    let refused = send("https://punctual.example.org");
    assert_eq!((refused.status, refused.header("set-cookie")), (403, ""));
    let text = refused.text();
    assert!(text.contains("start with --web.external-url=https://punctual.example.org\n"), "{text}");
    assert!(!send("null").text().contains("--web.external-url"));
    let mut server = Punctual::new(&format!("{TOKENS}{CHECKS}"))
        .argument("--web.external-url=https://punctual.example.org");
    server.start_again();
    let send = |origin: &str| {
        let request = Person::nobody(&server)
            .request("POST", "/sign-in")
            .header("origin", origin)
            .header("host", origin.split_once("://").unwrap().1);
        http::send(form(request, &[("token", OPERATE)]))
    };
    assert_eq!(send("https://punctual.example.org").status, 303);
    assert_eq!(send(&format!("http://localhost:{}", server.port())).status, 303);
}

/// 23.3
#[test]
fn whoever_comes_by_an_address_that_keeps_no_session_is_told_where_to_sign_in() {
    let url = "--web.external-url=https://punctual.example.org/below";
    let mut server = Punctual::new(&format!("{TOKENS}{CHECKS}")).argument(url);
    server.start_again();
    let refused = Person::nobody(&server).post("/sign-in", &[("token", OPERATE)]);
    assert_eq!((refused.status, refused.header("set-cookie")), (403, ""));
    assert!(refused.text().contains("Sign in at https://punctual.example.org/below:"), "{}", refused.text());
    let origin = "https://punctual.example.org";
    let request = Person::nobody(&server).request("POST", "/sign-in").header("origin", origin);
    let answer = http::send(form(request, &[("token", OPERATE)]));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Secure-punctual=") && cookie.contains("; Path=/below;"), "{cookie}");
}

/// 23.2, 23.3c, 23.3d
#[test]
fn a_programs_wrong_token_is_refused_on_pages_and_a_proxys_password_is_nobodys_guess() {
    let short = "short-token";
    let server = Punctual::start(&format!("{TOKENS}{CHECKS}").replace(READ, short));
    let person = Person::nobody(&server);
    for _ in 0..20 {
        let answer =
            http::send(person.request("GET", "/").basic_auth("ann", Some("her password at the proxy")));
        assert_eq!(answer.status, 303);
    }
    let wrong = || server.sum("punctual_wrong_credentials_total", "kind=\"token\"");
    assert_eq!(wrong(), 0);
    let show = |token: &str| http::send(person.request("GET", "/checks/backup").bearer_auth(token)).status;
    // What could be guessed is no password.
    assert_eq!(http::send(person.request("GET", "/").basic_auth("ann", Some(short))).status, 303);
    assert_eq!(http::send(person.request("GET", "/").basic_auth("ann", Some(OPERATE))).status, 200);
    assert_eq!((show(short), show("wrong")), (200, 401));
    assert_eq!(wrong(), 1);
    // The same again is no guess.
    (0..20).for_each(|_| assert_eq!(show("wrong"), 401));
    (0..9).for_each(|number| assert_eq!(show(&format!("wrong-{number}")), 401));
    let since = Instant::now();
    assert_eq!((show("wrong"), show("another-that-is-long")), (429, 429));
    assert_eq!(show(OPERATE), 200);
    let took = since.elapsed();
    // It is taken, and guessing is slow: what could be guessed is answered late, right or wrong.
    assert_eq!(show(short), 200);
    assert!(since.elapsed() - took >= Duration::from_secs(1));
}

/// 23.4
#[test]
fn what_is_not_sent_by_a_page_of_ours_changes_nothing() {
    let server = with_a_late_check();
    let person = Person::signed_in(&server, WRITE);
    let page = person.get("/checks/soon").text();
    let hidden = fields_of(&page, "acknowledge");
    let mut fields = as_texts(&hidden);
    fields.extend([("do", "acknowledge"), ("who", "ann")]);
    let origin = server.url("").trim_end_matches('/').to_owned();
    let refused = |what: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]| {
        let mut request = person.request("POST", "/checks/soon");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = http::send(form(request, fields));
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
    };
    refused("no origin", &fields, &[]);
    for foreign in ["null", "http://evil.example", "http://127.0.0.1:1", "http://localhost.evil.example"] {
        refused(foreign, &fields, &[("origin", foreign)]);
        refused("two origins", &fields, &[("origin", &origin), ("origin", foreign)]);
    }
    refused("another site", &fields, &[("origin", &origin), ("sec-fetch-site", "cross-site")]);
    let without: Vec<(&str, &str)> = fields.iter().copied().filter(|(name, _)| *name != "form").collect();
    refused("no form's secret", &without, &[("origin", &origin)]);
    let other = Person::signed_in(&server, OPERATE);
    let of_other = fields_of(&other.get("/checks/soon").text(), "acknowledge");
    let mut of_other = as_texts(&of_other);
    of_other.push(("do", "acknowledge"));
    refused("another session's form", &of_other, &[("origin", &origin)]);
    // A cookie that was changed is nobody's.
    let cookie = person.cookie.clone().unwrap();
    for forged in
        [cookie.to_uppercase(), format!("{cookie}x"), cookie.replace('.', ".1"), "punctual=".to_owned()]
    {
        let nobody = Person { server: &server, cookie: Some(forged) };
        assert_eq!(nobody.post("/checks/soon", &fields).status, 403);
        assert_eq!(nobody.get("/").status, 303);
    }
    assert_eq!(api(&server, "/api/v1/incidents")["incidents"][0]["status"], "open");
    assert_eq!(person.post("/checks/soon", &fields).status, 303);
}

/// 23.8, W16
#[test]
fn script_in_what_people_say_is_shown_and_not_run() {
    let server = with_a_late_check();
    let person = Person::signed_in(&server, OPERATE);
    let script = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
    person.press("soon", "acknowledge", &[("who", script)]);
    let bad = person.press("soon", "mute", &[("for", script)]);
    assert_eq!(bad.status, 422, "{}", bad.text());
    person.press("soon", "mute", &[("for", "1h"), ("who", script), ("comment", script)]);
    person.press("soon", "pause", &[("who", script), ("comment", script)]);
    person.press("soon", "success", &[("who", script), ("comment", script)]);
    let sign_in = person.get(&format!("/sign-in?to={}", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"));
    for page in [person.get("/checks/soon"), person.get("/"), bad, sign_in] {
        let text = page.text();
        assert!(!text.contains("<script>") && !text.contains("<img"), "{text}");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert!(page.header("content-security-policy").contains("form-action 'self'"));
    }
    assert!(person.get("/checks/soon").text().contains("&lt;script&gt;"));
}

/// 23.2
#[test]
fn what_is_open_without_a_token_is_as_the_configuration_says() {
    let auth = |more: &str| format!("{}  {more}\n{CHECKS}", TOKENS);
    let server = Punctual::start(&auth("anonymous: read"));
    let nobody = Person::nobody(&server);
    assert_eq!(nobody.get("/checks/backup").status, 200);
    assert_eq!(nobody.get("/api/v1/checks").status, 200);
    assert!(offered(&nobody.get("/checks/backup").text()).is_empty());
    assert!(nobody.get("/checks/backup").text().contains("sign-in?to=checks/backup"));
    assert_eq!(http::send(nobody.request("GET", "/api/v1/checks").bearer_auth("wrong")).status, 401);
    server.write_config(&auth("metrics: token"));
    assert_eq!(server.reload().status, 200);
    assert_eq!(nobody.get("/metrics").status, 401);
    let scrape = |token: &str| {
        let by_header = http::send(nobody.request("GET", "/metrics").bearer_auth(token)).status;
        let by_password =
            http::send(nobody.request("GET", "/metrics").basic_auth("prometheus", Some(token))).status;
        [by_header, by_password]
    };
    assert_eq!(scrape(READ), [200, 200]);
    assert_eq!(scrape(PING), [401, 401]);
    assert_eq!(Person::signed_in(&server, READ).get("/metrics").status, 200);
}
