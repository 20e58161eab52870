//! People who are known without a token: by a password, or by the name that a proxy gives (23.5, 23.9).

use std::net::IpAddr;

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::people::{as_texts, fields_of, form};
use crate::support::http::{self, Response};
use crate::support::process::{PATIENCE, wait_until};
use crate::support::prometheus::promtool;
use crate::support::punctual::Punctual;

const CHECKS: &str = "checks: [{name: backup, every: 1h}]\n";
const ANNS: &str = "a-password-of-ann";
const BOBS: &str = "bobs";
const TOKEN: &str = "token-that-reads-all";
const SCRIPT: &str = "<script>alert(1)</script>";
const PROXY: &str = "127.0.0.9";

/// Somebody at a browser, which sends what browsers send, and these headers with each request.
struct Browser<'s> {
    server: &'s Punctual,
    client: Client,
    headers: Vec<(&'static str, String)>,
}

impl<'s> Browser<'s> {
    fn new(server: &'s Punctual, headers: &[(&'static str, &str)]) -> Browser<'s> {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Browser { server, client: http::stranger(), headers }
    }

    /// Comes by a proxy that is at this address.
    fn from(mut self, address: &str) -> Browser<'s> {
        let address: IpAddr = address.parse().unwrap();
        let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        self.client = builder.local_address(address).timeout(PATIENCE).build().unwrap();
        self
    }

    fn with_password(server: &'s Punctual, name: &str, password: &str) -> Browser<'s> {
        let request =
            http::client().get("http://localhost/").basic_auth(name, Some(password)).build().unwrap();
        Browser::new(server, &[("authorization", request.headers()["authorization"].to_str().unwrap())])
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), self.server.url(path));
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }

    fn get(&self, path: &str) -> Response {
        http::send(self.request("GET", path))
    }

    /// What a button's form sends, as the page has it.
    fn fields(&self, button: &str) -> Vec<(String, String)> {
        fields_of(&self.get("/checks/backup").text(), button)
    }

    fn post(&self, fields: &[(&str, &str)], origin: Option<&str>) -> Response {
        let request = form(self.request("POST", "/checks/backup"), fields);
        http::send(match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        })
    }

    /// Presses a button, with these fields filled in.
    fn press(&self, button: &str, filled: &[(&str, &str)]) -> Response {
        let fields = self.fields(button);
        let fields = [&as_texts(&fields)[..], filled, &[("do", button)]].concat();
        self.post(&fields, Some(self.server.url("").trim_end_matches('/')))
    }
}

/// What a check's pause says at the API.
fn pause(server: &Punctual) -> Value {
    http::send(http::client().get(server.url("/api/v1/checks/backup")).bearer_auth(TOKEN)).json()["pause"]
        .clone()
}

/// Ann operates, Bob reads; a token reads at the API.
fn with_people() -> Punctual {
    let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
    let web = format!("basic_auth_users: {{ann: '{}', bob: '{}'}}\n", hash(ANNS), hash(BOBS));
    let main = format!(
        "auth: {{users: {{ann: operate}}, tokens: [{{name: look, scope: read, token: {TOKEN}}}]}}\n{CHECKS}"
    );
    let mut server = Punctual::new(&main).web_config(&web);
    server.start_again();
    server
}

/// 23.9f
#[test]
fn people_with_passwords_see_pages_and_do_what_their_scope_allows() {
    let server = with_people();
    let web = server.folder().join("web.yml");
    let (is_good, said) = promtool(&["check", "web-config", web.to_str().unwrap()]);
    assert!(is_good, "{said}");
    let (nobody, ann, bob) = (
        Browser::new(&server, &[]),
        Browser::with_password(&server, "ann", ANNS),
        Browser::with_password(&server, "bob", BOBS),
    );
    for path in ["/", "/checks/backup", "/metrics"] {
        let asked = nobody.get(path);
        assert_eq!(asked.status, 401, "{path}");
        assert!(asked.header("www-authenticate").starts_with("Basic "), "{path}");
        assert!(!asked.text().contains("backup"), "{path}");
        for person in [&ann, &bob] {
            let seen = person.get(path);
            assert_eq!((seen.status, seen.text().contains("backup")), (200, true), "{path}");
        }
    }
    // These take their own, or are open.
    assert_eq!(ann.get("/api/v1/checks").status, 401);
    assert_eq!(nobody.get("/ping/backup").status, 200);
    for path in ["/-/healthy", "/-/ready", "/style.css", "/sign-in"] {
        assert_eq!(nobody.get(path).status, 200, "{path}");
    }
    // A token is a password still, whoever shows it.
    assert_eq!(Browser::with_password(&server, "ann", TOKEN).get("/").status, 200);

    let fields = ann.fields("pause");
    let own = server.url("");
    let fields = [&as_texts(&fields)[..], &[("do", "pause")]].concat();
    let without: Vec<_> = fields.iter().filter(|(name, _)| *name != "form").copied().collect();
    assert_eq!(
        ann.post(&without, Some(own.trim_end_matches('/'))).status,
        403,
        "no page of ours has made it"
    );
    assert_eq!(ann.post(&fields, None).status, 403);
    assert_eq!(ann.post(&fields, Some("null")).status, 403);
    assert_eq!(ann.post(&fields, Some("https://evil.example")).status, 403);
    assert_eq!(bob.post(&fields, Some(own.trim_end_matches('/'))).status, 403, "it is Ann's");
    assert!(pause(&server).is_null());
    let done = ann.press("pause", &[("comment", "moving"), ("who", "somebody else")]);
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(pause(&server)["by"], "ann (password)");
    assert!(!bob.get("/checks/backup").text().contains("value=\"unpause\""), "it is not offered");
    assert!(server.log().contains("\"known_by\":\"password\""), "{}", server.log());
}

/// 23.9g
#[test]
fn wrong_passwords_are_counted_and_not_taken_without_end() {
    let server = with_people();
    let with =
        |name: &str, password: &str| Browser::with_password(&server, name, password).from("127.0.0.31");
    assert_eq!(with("ann", ANNS).get("/").status, 200);
    for (name, password) in
        [("ann", "wrong"), ("nobody", ANNS), ("ann", ""), ("", ANNS), ("bob", ANNS)].repeat(2)
    {
        let answer = with(name, password).get("/");
        assert_eq!(answer.status, 401, "{name}");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{name}");
    }
    // The same again was no guess: nobody mistyped ten times.
    for number in 0..9 {
        assert_eq!(with("bob", &format!("wrong-{number}")).get("/").status, 401);
    }
    let held_off = with("bob", BOBS).get("/");
    assert_eq!((held_off.status, held_off.header("retry-after")), (429, "60"));
    // Others of this address are not held off, nor is he elsewhere.
    assert_eq!(with("ann", ANNS).get("/").status, 200);
    assert_eq!(Browser::with_password(&server, "bob", BOBS).get("/").status, 200);
    let metrics = Browser::with_password(&server, "ann", ANNS).get("/metrics").text();
    assert!(metrics.contains("punctual_wrong_credentials_total{kind=\"password\"} 19\n"), "{metrics}");
    assert!(server.log().contains("a password was shown that is wrong"), "{}", server.log());
    for secret in [ANNS, BOBS, "$2b$"] {
        assert!(!server.log().contains(secret), "{secret} is in the log");
    }
    // A reload takes people away.
    server.write_web_config(&format!("basic_auth_users: {{bob: '{}'}}\n", bcrypt::hash("other", 4).unwrap()));
    assert_eq!(server.reload().status, 200);
    assert_eq!(Browser::with_password(&server, "ann", ANNS).get("/").status, 401);
    assert_eq!(Browser::with_password(&server, "bob", BOBS).get("/").status, 401, "his is another now");
    assert!(server.log().contains("people (1 changed: bob; 1 removed: ann)"), "{}", server.log());
}

/// 23.9h
#[test]
fn an_office_that_guesses_shuts_out_nobody_who_has_signed_in_there() {
    let server = with_people();
    let office = "127.0.0.32";
    let with = |name: &str, password: &str| Browser::with_password(&server, name, password).from(office);
    // Bob's password is short. His browser keeps what it is given, and a program of his does not.
    let first = with("bob", BOBS).get("/");
    assert_eq!(first.status, 200);
    let cookie = first.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(first.header("set-cookie").contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    let mut browser = with("bob", BOBS);
    browser.headers.push(("cookie", cookie.clone()));
    assert_eq!(browser.get("/").header("set-cookie"), "", "it has it already");
    let signed_in = {
        let own = server.url("");
        let request = with("ann", "x").client.post(server.url("/sign-in"));
        let request = form(request.header("origin", own.trim_end_matches('/')), &[("token", TOKEN)]);
        http::send(request).header("set-cookie").split(';').next().unwrap().to_owned()
    };
    // Of all names: a hundred different ones.
    for number in 0..100 {
        assert_eq!(with(&format!("name-{}", number / 5), &format!("wrong-{number}")).get("/").status, 401);
    }
    assert_eq!(with("ann", ANNS).get("/").status, 429, "she was not here before");
    assert_eq!(with("bob", BOBS).get("/").status, 200, "nobody has guessed of him");
    assert_eq!(with("ann", TOKEN).get("/").status, 200, "a token is right");
    let mut session = with("ann", "whatever");
    session.headers.push(("cookie", signed_in));
    assert_eq!(session.get("/").status, 200, "a session is no matter of passwords");
    // Whoever has only the cookie has nothing, and another's is none.
    let mut alone = Browser::new(&server, &[]).from(office);
    alone.headers.push(("cookie", cookie.clone()));
    assert_eq!(alone.get("/").status, 401);
    let mut others = with("ann", ANNS);
    others.headers.push(("cookie", cookie));
    assert_eq!(others.get("/").status, 429);
    // Where somebody guesses of Bob, his own browser goes on alone.
    let elsewhere = |password: &str| Browser::with_password(&server, "bob", password).from("127.0.0.33");
    for number in 0..10 {
        assert_eq!(elsewhere(&format!("wrong-{number}")).get("/").status, 401);
    }
    assert_eq!(elsewhere(BOBS).get("/").status, 429);
    let mut own = elsewhere(BOBS);
    own.headers.extend_from_slice(&browser.headers[1..]);
    assert_eq!(own.get("/").status, 200);
}

/// 23.4a: a browser adds a token that it has as a password by itself, whichever page has it send a form.
#[test]
fn a_form_of_whoever_has_a_token_as_a_password_is_of_their_pages() {
    let main = format!("auth: {{tokens: [{{name: oncall, scope: operate, token: {TOKEN}}}]}}\n{CHECKS}");
    let server = Punctual::start(&main);
    let (oncall, own) = (Browser::with_password(&server, "whoever", TOKEN), server.url(""));
    let own = Some(own.trim_end_matches('/'));
    let fields = oncall.fields("pause");
    let fields = [&as_texts(&fields)[..], &[("do", "pause"), ("comment", "moving")]].concat();
    let without: Vec<_> = fields.iter().filter(|(name, _)| *name != "form").copied().collect();
    assert_eq!(oncall.post(&without, own).status, 403, "no page of ours has made it");
    assert_eq!(oncall.post(&[&without[..], &[("form", "x")]].concat(), own).status, 403);
    assert!(pause(&server).is_null());
    // A program that sends it by itself says so, and no page of another site can.
    let bearer = format!("Bearer {TOKEN}");
    let program = Browser::new(&server, &[("authorization", &bearer)]);
    assert_eq!(program.post(&[("do", "mute"), ("for", "1h")], own).status, 303);
    assert_eq!(oncall.post(&fields, own).status, 303);
    assert_eq!(pause(&server)["by"], "oncall (token)");
}

/// 23.5
#[test]
fn a_trusted_proxy_names_people_and_sources_and_nobody_else_does() {
    let server = Punctual::start(&format!(
        "auth:\n  proxy: {{user_header: X-Forwarded-User, scope: operate, from: [{PROXY}/32]}}\n  \
         tokens: [{{name: look, scope: read, token: {TOKEN}}}]\n{CHECKS}"
    ));
    let headers = [("X-Forwarded-User", SCRIPT), ("X-Forwarded-For", "198.51.100.1, 203.0.113.7")];
    let ann = Browser::new(&server, &headers).from(PROXY);
    let stranger = Browser::new(&server, &headers);
    // The header is nothing from elsewhere, nor is the proxy anybody without it.
    assert_eq!(stranger.get("/").status, 303);
    assert_eq!(stranger.get("/api/v1/checks").status, 401);
    assert_eq!(Browser::new(&server, &[]).from(PROXY).get("/").status, 303);
    assert_eq!(ann.get("/").status, 200);
    assert_eq!(ann.get("/api/v1/checks").status, 200, "reading is for whoever may see pages");
    let pausing = http::with_json(ann.request("POST", "/api/v1/checks/backup/pause"), &serde_json::json!({}));
    assert_eq!(http::send(pausing).status, 401, "the API is written to with a token alone");

    let fields = ann.fields("pause");
    let fields = [&as_texts(&fields)[..], &[("do", "pause")]].concat();
    let own = server.url("");
    let own = own.trim_end_matches('/');
    assert_eq!(ann.post(&fields, None).status, 403);
    assert_eq!(ann.post(&fields, Some("null")).status, 403);
    assert_eq!(stranger.post(&fields, Some(own)).status, 403, "whoever has the form is not who made it");
    let other = Browser::new(&server, &[("X-Forwarded-User", "bob")]).from(PROXY);
    assert_eq!(other.post(&fields, Some(own)).status, 403);
    assert!(pause(&server).is_null());
    let done = ann.press("pause", &[("comment", "moving")]);
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(pause(&server)["by"], format!("{SCRIPT} (proxy)"));
    for path in ["/", "/checks/backup"] {
        let page = ann.get(path).text();
        assert!(!page.contains(SCRIPT), "{path}: {page}");
    }
    assert!(ann.get("/checks/backup").text().contains("&lt;script&gt;alert(1)&lt;/script&gt; (proxy)"));

    let source_of = |browser: &Browser| {
        assert_eq!(browser.get("/ping/backup").status, 200);
        let pings =
            http::send(http::client().get(server.url("/api/v1/checks/backup/pings")).bearer_auth(TOKEN));
        pings.json()["pings"][0]["source"].as_str().unwrap().to_owned()
    };
    assert_eq!(source_of(&ann), "203.0.113.7");
    assert!(source_of(&stranger).starts_with("127."));
    wait_until("the log", PATIENCE, || {
        server.log().contains("\"known_by\":\"proxy\",\"source\":\"203.0.113.7\"")
    });
}

/// 23.9e
#[test]
fn a_rate_limit_bounds_everything_but_pings() {
    let mut server = Punctual::new(CHECKS).web_config("rate_limit: {interval: 10s, burst: 20}\n");
    server.start_again();
    let answers: Vec<Response> = (0..40).map(|_| server.get("/api/v1/checks")).collect();
    let limited: Vec<&Response> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!((20..40).contains(&limited.len()), "{}", limited.len());
    assert!(
        limited[0].header("retry-after") == "10" && limited[0].text().contains("rate_limit"),
        "{limited:?}"
    );
    for _ in 0..40 {
        assert_eq!(server.get("/ping/backup").status, 200);
    }
    // The operator's own way stays open.
    let (is_good, said) =
        crate::support::punctual::punctual(&["status", "--storage.path", server.data().to_str().unwrap()]);
    assert!(is_good, "{said}");
}
