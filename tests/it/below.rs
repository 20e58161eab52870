//! Everything below a path (`--web.route-prefix`), behind a real nginx that passes the path on (23.11).

use punctual::http::routes::ROUTES;

use crate::access::path;
use crate::people::{READ, TOKENS, WRITE};
use crate::support::browser::Browser;
use crate::support::process::{PATIENCE, free_port, run};
use crate::support::punctual::{Punctual, punctual};
use crate::support::{http, nginx};

const KEY: &str = "ping-key-of-the-jobs";

fn start() -> Punctual {
    Punctual::new(&format!("{TOKENS}checks: [{{name: backup, every: 1h}}]\n"))
        .argument("--web.route-prefix=/watch/punctual/")
}

/// 23.11
#[test]
fn every_route_is_below_the_prefix_and_none_beside_it() {
    let mut server = start();
    server.start_unready();
    server.wait_ready_at("/watch/punctual/-/ready");
    let ask = |method: &str, path: &str| {
        http::send(http::client().request(method.parse().unwrap(), server.url(path)).bearer_auth(WRITE))
    };
    // Beside it nothing is what the API's contract says of these addresses.
    let beside = |method: &str, path: &str| {
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {WRITE}\r\n");
        let whole = format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n");
        String::from_utf8(http::raw(server.port(), whole.as_bytes(), PATIENCE)).unwrap()
    };
    let mut asked = 0;
    for route in ROUTES.iter().filter(|route| route.template != "/") {
        let path = path(&route.template);
        for method in route.methods.iter().map(|method| method.as_str()) {
            let answer = beside(method, &path);
            assert!(answer.starts_with("HTTP/1.1 404 "), "{method} {path}: {answer}");
            assert!(method == "HEAD" || answer.contains("--web.route-prefix"), "{method} {path}: {answer}");
            let below = ask(method, &format!("/watch/punctual{path}"));
            let is_beside = below.text().contains("--web.route-prefix");
            assert!(method == "HEAD" || !is_beside, "{method} {path}: {}", below.text());
            asked += 1;
        }
    }
    assert!(asked > 70, "only {asked}");
    for (asked, led) in [("/", "/watch/punctual/"), ("/watch/punctual?q=x", "/watch/punctual/?q=x")] {
        let answer = ask("GET", asked);
        assert_eq!((answer.status, answer.header("location")), (302, led), "{asked}");
    }
    let document = ask("GET", "/watch/punctual/api/v1/openapi.json").json();
    let base = server.url("/watch/punctual");
    assert_eq!(document["servers"][0]["url"], format!("{base}/api/v1"));
    assert_eq!(
        ask("GET", "/watch/punctual/api/v1/checks/backup").json()["ping_url"],
        format!("{base}/ping/KEY/backup")
    );
    // At the socket of its folder there is none; over the network commands name it.
    let data = server.data().display().to_string();
    let (is_done, said) = punctual(&["pause", "backup", "--storage.path", &data]);
    assert!(is_done, "{said}");
    let mut listed = std::process::Command::new(env!("CARGO_BIN_EXE_punctual"));
    let (is_done, said) = run(listed.args(["checks", "list", "--server", &base]).env("PUNCTUAL_TOKEN", READ));
    assert!(is_done && said.contains("backup"), "{said}");
}

/// 23.11, 23.3b
#[test]
fn behind_an_nginx_that_passes_the_path_on_people_sign_in_make_a_check_and_jobs_ping_it() {
    let port = free_port();
    let outside = format!("http://127.0.0.1:{port}/watch/punctual");
    let mut server = start().argument(&format!("--web.external-url={outside}"));
    server.start_unready();
    server.wait_ready_at("/watch/punctual/-/ready");
    let site = format!(
        "server {{ listen 127.0.0.1:{port}; location / {{ return 418; }} \
         location /watch/ {{ proxy_pass {}; proxy_http_version 1.1; proxy_set_header Host $http_host; }} }}\n",
        server.url("")
    );
    let folder = tempfile::tempdir().unwrap();
    let mut nginx = nginx::start(folder.path(), &site);
    nginx.wait_until_ready(&format!("{outside}/-/ready"));
    let mut browser = Browser::start(folder.path());
    browser.open(&format!("{outside}/checks/backup"));
    assert_eq!(
        browser.text("location.pathname + location.search"),
        "/watch/punctual/sign-in?to=checks%2Fbackup"
    );
    browser.sign_in(WRITE);
    assert_eq!(browser.text("location.pathname"), "/watch/punctual/checks/backup");
    let click = |browser: &mut Browser, what: &str, path: &str| {
        browser.forget_loads();
        browser.evaluate(&format!("document.querySelector('{what}').click()"));
        browser.wait_loaded(path);
        assert_eq!(browser.text("location.pathname"), format!("/watch/punctual{path}"));
        assert_eq!(
            browser.evaluate("getComputedStyle(document.querySelector('.skip')).position"),
            "absolute",
            "styled"
        );
    };
    click(&mut browser, "a[href$=new]", "/new");
    browser.evaluate("document.querySelector('[name=name]').value = 'made'");
    browser.evaluate("document.querySelector('[name=every]').value = '1h'");
    click(&mut browser, ".check button", "/checks/made");
    // The line to copy is good as it is, and what it does shows by itself.
    let lines = browser.text("document.querySelector('main').innerText");
    assert!(lines.contains(&format!("{outside}/ping/KEY/made")), "{lines}");
    let url = format!("{outside}/ping/{KEY}/made");
    assert_eq!(http::get(&url).status, 200);
    browser.evaluate("void dispatchEvent(new Event('online'))");
    browser.wait_until("!document.querySelector('main').innerText.includes('never')", PATIENCE);
    click(&mut browser, "a[href$=\"edit/made\"]", "/edit/made");
    click(&mut browser, "a[href$=\"?delete\"]", "/edit/made");
    click(&mut browser, ".check button", "/");
    click(&mut browser, "form.sign-out button", "/sign-in");
    assert_eq!(http::get(&format!("{outside}/metrics")).status, 200);
    assert_eq!(browser.console().iter().filter(|line| !line.contains("verbose")).count(), 0);
}
