//! The list of the first page: what it finds, in which order, and how much of it at a time.

use crate::support::http;
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::{Punctual, punctual};

/// The names of the checks on a page, in their order.
fn names(text: &str) -> Vec<String> {
    let links = text.split("<a class=\"name\" href=\"checks/").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn list(server: &Punctual, query: &str) -> Vec<String> {
    let answer = server.get(&format!("/{query}"));
    assert_eq!(answer.status, 200, "{query}");
    names(&answer.text())
}

fn headline(server: &Punctual, query: &str) -> String {
    let text = server.get(&format!("/{query}")).text();
    text.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap().to_owned()
}

/// The part of the page under a heading.
fn part<'t>(text: &'t str, title: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("<section aria-label=\"{title}\" ")).unwrap();
    rest.split("</section>").next().unwrap()
}

/// W6
#[test]
fn a_filter_knows_groups_labels_matchers_and_several_terms() {
    let server = Punctual::start(
        "checks:\n\
         - {name: a, every: 1h, group: db, labels: {team: 'data base', severity: critical}}\n\
         - {name: b, every: 1h, group: db, labels: {team: web}}\n\
         - {name: c, every: 1h, group: web, labels: {team: web}, title: Cats and dogs}\n",
    );
    let check = |typed: &str, expected: &[&str]| {
        let query: String = typed.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(list(&server, &format!("?q={query}")), expected, "{typed}");
        let api = server.get(&format!("/api/v1/checks?q={query}")).json();
        let found: Vec<&str> =
            api["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "the API finds the same: {typed}");
    };
    check("", &["a", "b", "c"]);
    check("group=db", &["a", "b"]);
    check("group=db team=web", &["b"]);
    check("team=\"data base\"", &["a"]);
    check("team=~\"web|data.*\" group!=db", &["c"]);
    check("severity!~crit.* dogs", &["c"]);
    check("\"cats and\"", &["c"]);
    check("cats nothing", &[]);
    check("/^cats .* dogs$/", &["c"]);
    check("/^team=(web|mail)$/ group!=db", &["c"]);
    check("status=new", &["a", "b", "c"]);
    for none in ["team%3D~%5B", "/%5B/"] {
        for path in ["/api/v1/checks", "/"] {
            assert_eq!(server.get(&format!("{path}?q={none}")).status, 400, "{path} {none}");
        }
    }
    // What a label of the page leads to.
    let text = server.get("/?q=cats").text();
    let address = text.split("<a class=\"label\" href=\"./").nth(2).unwrap().split('"').next().unwrap();
    assert_eq!(list(&server, address), ["b", "c"], "{address}");
}

/// W3: nothing is called good that is not, and a filter's headline counts what it shows.
#[test]
fn the_headline_is_true() {
    let server = Punctual::start(
        "checks: [{name: a, every: 1h}, {name: b, every: 1h}, {name: c, every: 1h, paused: true}, {name: d, every: 1h}]",
    );
    server.ping("a");
    assert_eq!(headline(&server, ""), "1 check is as it should be, 2 have yet to report, 1 is paused");
    server.ping("b/fail");
    assert_eq!(headline(&server, ""), "1 check needs somebody");
    assert_eq!(headline(&server, "?q=a"), "The check is as it should be, of those shown");
    assert_eq!(headline(&server, "?status=up"), "The check is as it should be, of those shown");
    assert!(
        server.get("/?q=check%3Da").text().contains("<title>punctual</title>"),
        "nothing that is shown is bad"
    );
    let text = server.get("/").text();
    assert!(text.contains("<title>(1 failing) punctual</title>"));
    assert!(
        text.contains("This database was made") && !text.contains("class=\"banner"),
        "a fresh start warns of nothing"
    );
}

#[test]
fn who_needs_somebody_is_first_by_severity_and_what_is_answered_or_held_is_apart() {
    let server = Punctual::start(
        "checks:\n\
         - {name: plain, every: 1h}\n\
         - {name: info, every: 1h, labels: {severity: info}}\n\
         - {name: worst, every: 1h, labels: {severity: critical}}\n\
         - {name: acked, every: 1h, labels: {severity: critical}}\n\
         - {name: muted, every: 1h, labels: {severity: critical}}\n\
         - {name: dependent, every: 1h, depends_on: [worst], labels: {severity: critical}}\n\
         - {name: good, every: 1h}\n",
    );
    for name in ["plain", "info", "dependent", "worst", "acked", "muted"] {
        server.ping(&format!("{name}/fail"));
    }
    server.ping("good");
    let data = server.data().display().to_string();
    for arguments in [&["incidents", "ack", "acked", "--by", "ann"][..], &["mute", "muted", "--for", "1h"]] {
        let (is_done, said) = punctual(&[arguments, &["--storage.path", &data]].concat());
        assert!(is_done, "{said}");
    }
    let text = server.get("/").text();
    assert_eq!(names(part(&text, "Needs somebody")), ["worst", "info", "plain"]);
    let aside = part(&text, "Acknowledged, muted or waiting for another");
    assert_eq!(names(aside), ["dependent", "acked", "muted"]);
    let acknowledged =
        format!("acknowledged by <bdi>ann (user {})</bdi>", rustix::process::geteuid().as_raw());
    for said in [&acknowledged, "muted by mute", "waits for <a href=\"checks/worst\">worst</a>"] {
        assert!(aside.contains(said), "{said}: {aside}");
    }
    assert_eq!(names(part(&text, "The others")), ["good"]);
    assert_eq!(
        headline(&server, ""),
        "3 checks need somebody, 1 is acknowledged, 1 is bad and muted, 1 is bad and waits for another"
    );
    // It is over: nobody is on anything.
    server.ping("acked");
    server.ping("acked/fail");
    wait_until("open again", PATIENCE, || {
        names(part(&server.get("/").text(), "Needs somebody")).contains(&"acked".to_owned())
    });
}

/// 22.8i
#[test]
fn the_order_of_the_bad_and_the_sections_of_the_others_are_chosen() {
    let server = Punctual::start(
        "checks:\n\
         - {name: old, every: 1h}\n\
         - {name: worst, every: 1h, labels: {severity: critical}}\n\
         - {name: a, every: 1h, group: z, labels: {team: '<dba>'}}\n\
         - {name: b, every: 1h, group: y, labels: {team: '<dba>'}}\n\
         - {name: c, every: 1h, group: x}\n",
    );
    for name in ["old/fail", "worst/fail", "a", "b", "c"] {
        server.ping(name);
    }
    let check = |query: &str, expected: &str| assert_eq!(list(&server, query).join(" "), expected, "{query}");
    check("", "worst old c b a");
    check("?sort=since", "old worst c b a");
    check("?sections=team", "worst old c a b");
    check("?sections=group", "worst old c b a");
    check("?sort=since&sections=team&q=group%3Dz", "a");
    let text = server.get("/?sort=since&sections=team").text();
    let sections = text.split("scope=\"rowgroup\"").skip(1);
    let sections: Vec<&str> = sections.map(|rest| rest.split("</tr>").next().unwrap()).collect();
    assert!(sections[0].ends_with(">No team</th>"), "{sections:?}");
    let query = "?q=team%3D%22%3Cdba%3E%22";
    for link in [format!("href=\"./{query}\""), format!("href=\"uptime{query}\"")] {
        assert!(sections[1].contains(&link), "{link}: {sections:?}");
    }
    assert!(sections[1].contains("<bdi>&lt;dba&gt;</bdi>"), "{sections:?}");
    check(query, "b a");
    // What is chosen stays, whatever else is asked for.
    for kept in [
        "?status=up&amp;sort=since&amp;sections=team",
        "name=\"sort\" value=\"since\"",
        "name=\"sections\" value=\"team\"",
    ] {
        assert!(text.contains(kept), "{kept}");
    }
    assert_eq!(server.get("/?sort=nonsense").status, 400);
    assert_eq!(server.get("/?sections=%22%3E%3Cscript%3E").status, 200);
}

#[test]
fn a_long_list_comes_in_pages_and_compressed() {
    let checks: String =
        (0..650).map(|i| format!("- {{name: check-{i:03}, every: 1h, group: g{}}}\n", i % 2)).collect();
    let server = Punctual::start(&format!("checks:\n{checks}"));
    server.ping("check-649/fail");
    let [first, second, third, beyond] =
        ["", "?page=2", "?page=3", "?page=9"].map(|query| list(&server, query));
    assert_eq!([first.len(), second.len(), third.len()], [300, 300, 50]);
    assert_eq!(first[0], "check-649", "what is bad is on the first page");
    assert_eq!(beyond, third);
    let mut all = [first, second, third].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 650);
    let text = server.get("/?q=check&page=2").text();
    for link in ["href=\"?q=check\" rel=\"prev\"", "href=\"?q=check&amp;page=3\" rel=\"next\"", "Page 2 of 3"]
    {
        assert!(text.contains(link), "{link}");
    }
    assert_eq!(text.matches("<tr class=\"group\">").count(), 2, "a heading for each group");

    let request = http::client().get(server.url("/")).header("accept-encoding", "gzip");
    let packed = http::send(request);
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "Accept-Encoding"));
    let plain = server.get("/");
    assert_eq!(plain.header("content-encoding"), "");
    assert!(packed.body.len() * 5 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
}

#[test]
fn unknown_names_are_said_on_top_and_a_description_keeps_its_lines() {
    let server = Punctual::start("checks: [{name: a, every: 1h, description: \"Runs ETL.\\nCall Bob.\"}]");
    for name in ["b", "c", "d", "e"] {
        assert_eq!(server.get(&format!("/ping/{name}")).status, 404);
    }
    let text = server.get("/").text();
    let (before, _) = text.split_once("<ul class=\"totals\"").unwrap();
    assert!(
        before.contains("Pings to names that no check has: ") && before.contains("and 1 more"),
        "{before}"
    );
    assert!(before.contains("href=\"config#unknown-names\""), "{before}");
    let text = server.get("/checks/a").text();
    assert!(text.contains("<p class=\"lines\">Runs ETL.\nCall Bob.</p>"), "{text}");
    let style = server.get("/style.css").text();
    assert!(style.contains(".lines { white-space: pre-line; }"));
}
