//! Servers of databases that punctual asks by a query (17.13).

use serde_json::{Value, json};

use crate::support::mariadb::Mariadb;
use crate::support::postgres::{PASSWORD, Postgres};
use crate::support::process::{PATIENCE, wait_until};
use crate::support::punctual::{Punctual, punctual};

fn check_of(server: &Punctual, name: &str) -> Value {
    server.get(&format!("/api/v1/checks/{name}")).json()
}

fn wait_for_status(server: &Punctual, name: &str, wanted: &str) {
    wait_until(&format!("{name} is {wanted}"), PATIENCE, || check_of(server, name)["status"] == wanted);
}

fn wait_for_records(server: &Punctual, name: &str, count: usize) {
    wait_until(&format!("{count} records"), PATIENCE, || check_of(server, name)["records"] == json!(count));
}

/// What `punctual probe` says of a check.
fn probed(server: &Punctual, name: &str) -> String {
    let config = server.folder().join("punctual.yaml");
    punctual(&["probe", name, "--config.file", config.to_str().unwrap()]).1
}

/// A check that asks each second.
fn check(name: &str, database: &str, query: &str) -> String {
    check_of_unknowns(3, name, (database, query))
}

/// The same, which is unknown at once.
fn check_unknown(name: &str, database: &str, query: &str) -> String {
    check_of_unknowns(1, name, (database, query))
}

fn check_of_unknowns(most: u32, name: &str, (database, query): (&str, &str)) -> String {
    format!(
        "  - {{name: {name}, every: 1s, unknowns_before_alert: {most}, assert: {{sql: {{database: {database}, {query}}}}}}}\n"
    )
}

const IS_ENCRYPTED: &str = "query: 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'";
const PROFILES: &str =
    "query: 'select id, email from profile order by id', key: [email, id], title: 'Mail of {email}'";

/// 17.13a, 17.13d, 17.13e, 17.4: rows come, stay while nobody can tell, and end.
#[test]
fn a_row_of_postgresql_violates_while_it_is_there() {
    let mut postgres = Postgres::start();
    let (file, wrong) =
        (postgres.url_file("url", &postgres.url("")), postgres.url("").replace("only", "wrong"));
    let (here, authority) = (postgres.socket_url("admin"), postgres.authority().display());
    let config = [
        format!(
            "databases:\n  - {{name: app, postgres: {{url_file: '{}'}}, max_connections: 2}}\n",
            file.display()
        ),
        format!("  - {{name: wrong, postgres: {{url: '{wrong}'}}}}\n"),
        format!(
            "  - {{name: verified, postgres: {{url: '{}', tls_config: {{ca_file: '{authority}'}}}}}}\n",
            postgres.url("")
        ),
        format!("  - {{name: untrusted, postgres: {{url: '{}'}}}}\n", postgres.url("?sslmode=require")),
        format!("  - {{name: plain, postgres: {{url: '{}'}}}}\n", postgres.url("?sslmode=disable")),
        format!("  - {{name: here, postgres: {{url: '{here}'}}}}\nchecks:\n"),
        check("profiles", "app", PROFILES),
        check("encrypted", "app", IS_ENCRYPTED),
        check("verified", "verified", IS_ENCRYPTED),
        check_unknown("untrusted", "untrusted", IS_ENCRYPTED),
        check("plain", "plain", IS_ENCRYPTED),
        check("superuser", "here", IS_ENCRYPTED),
        check("some", "app", "want: some, query: 'select 1 from profile'"),
        check_unknown("null-key", "app", "query: 'select picture from profile where id = 18'"),
        check_unknown("hidden", "app", "query: 'select id from hidden'"),
        check_unknown("wrong", "wrong", "query: 'select 1'"),
    ];
    let server = Punctual::start(&config.concat());
    wait_for_records(&server, "profiles", 1);
    wait_for_status(&server, "some", "up");
    wait_for_status(&server, "null-key", "up");
    wait_for_status(&server, "hidden", "unknown");
    wait_for_status(&server, "wrong", "unknown");
    wait_for_status(&server, "superuser", "failing");
    for (name, expected) in [
        ("encrypted", "violated: 1 row, the first: true"),
        ("verified", "violated: 1 row, the first: true"),
        ("untrusted", "unknown: localhost"),
        ("plain", "violated: 1 row, the first: false"),
        ("superuser", "violated: 1 row, the first: false"),
    ] {
        let said = probed(&server, name);
        assert!(said.starts_with(&format!("{name} {expected}")), "{said}");
        assert_eq!(said.contains("UnknownIssuer"), name == "untrusted", "{said}");
        let page = server.get(&format!("/checks/{name}")).text();
        assert_eq!(page.contains("asked by a superuser"), name == "superuser", "{name}");
    }
    let said = probed(&server, "profiles");
    assert!(said.contains("a@b.c/17 Mail of a@b.c {\"id\":\"17\",\"email\":\"a@b.c\"}"), "{said}");
    assert!(probed(&server, "hidden").contains("permission denied for table hidden"));
    let said = probed(&server, "wrong");
    assert!(said.contains("password authentication failed") && !said.contains("wrong%2F"), "{said}");
    postgres.execute("insert into profile values (18, 'd@e.f', null)");
    wait_for_records(&server, "profiles", 2);
    wait_for_status(&server, "null-key", "unknown");
    postgres.stop();
    wait_for_status(&server, "profiles", "unknown");
    wait_for_status(&server, "some", "unknown");
    assert_eq!(check_of(&server, "profiles")["records"], 2, "nobody can tell that they are over");
    assert!(probed(&server, "some").contains("Connection refused"));
    postgres.forget_tls();
    postgres.start_again();
    wait_for_status(&server, "some", "up");
    assert!(probed(&server, "verified").contains("unknown: localhost"), "it is not asked without TLS");
    postgres.execute("delete from profile where id = 17");
    wait_for_records(&server, "profiles", 1);
    postgres.execute("delete from profile");
    wait_for_status(&server, "profiles", "up");
    wait_for_status(&server, "some", "failing");
    let said = [server.log(), server.get("/checks/wrong").text(), server.get("/config").text()].concat();
    assert!(!said.contains(PASSWORD) && !said.contains("only%2F") && !said.contains("wrong%2F"), "{said}");
}

/// 17.13a, 17.13f, 17.4
#[test]
fn a_row_of_mariadb_violates_while_it_is_there() {
    let mut mariadb = Mariadb::start();
    let (file, wrong) = (mariadb.folder().join("url"), mariadb.url("").replace("only", "wrong"));
    std::fs::write(&file, mariadb.url("")).unwrap();
    let (here, authority) = (mariadb.admin_url(), mariadb.authority().display());
    let encrypted = "query: \"select variable_value from information_schema.session_status where variable_name = 'ssl_cipher' union select 'none'\"";
    let config = [
        format!("databases:\n  - {{name: app, mysql: {{url_file: '{}'}}}}\n", file.display()),
        format!("  - {{name: wrong, mysql: {{url: '{wrong}'}}}}\n"),
        format!(
            "  - {{name: verified, mysql: {{url: '{}', tls_config: {{ca_file: '{authority}'}}}}}}\n",
            mariadb.url("")
        ),
        format!("  - {{name: untrusted, mysql: {{url: '{}'}}}}\n", mariadb.url("?sslmode=require")),
        format!("  - {{name: plain, mysql: {{url: '{}'}}}}\n", mariadb.url("?sslmode=disable")),
        format!("  - {{name: here, mysql: {{url: '{here}'}}}}\nchecks:\n"),
        check("profiles", "app", PROFILES),
        check("some", "app", "want: some, query: 'select 1 from profile'"),
        check(
            "umlaut",
            "app",
            "query: \"select 'Zürich' as city, bits from flag where char_length('ü') = 1\", key: [city, bits]",
        ),
        check("encrypted", "app", encrypted),
        check("verified", "verified", encrypted),
        check("plain", "plain", encrypted),
        check("superuser", "here", PROFILES),
        check_unknown("null-key", "app", "query: 'select picture from profile where id = 18'"),
        check_unknown("hidden", "app", "query: 'select id from other.hidden'"),
        check_unknown("wrong", "wrong", "query: 'select 1'"),
        check_unknown("untrusted", "untrusted", encrypted),
    ];
    let server = Punctual::start(&config.concat());
    wait_for_records(&server, "profiles", 1);
    wait_for_status(&server, "some", "up");
    wait_for_status(&server, "superuser", "failing");
    for (name, expected) in [
        ("encrypted", "violated: 2 rows, the first: TLS_"),
        ("verified", "violated: 2 rows, the first: TLS_"),
        ("plain", "unknown: `variable_value`, which `key` names, is empty"),
        ("untrusted", "unknown: localhost"),
        ("wrong", "unknown: Access denied for user 'reader'"),
        ("hidden", "unknown: SELECT command denied"),
        ("profiles", "violated: 1 row, the first: Mail of a@b.c"),
        ("umlaut", "violated: 1 row, the first: Zürich/200"),
    ] {
        let said = probed(&server, name);
        assert!(said.starts_with(&format!("{name} {expected}")), "{said}");
        assert_eq!(said.contains("UnknownIssuer"), name == "untrusted", "{said}");
        assert!(!said.contains("wrong/") && !said.contains("wrong%2F"), "{said}");
    }
    for name in ["superuser", "profiles"] {
        let page = server.get(&format!("/checks/{name}")).text();
        assert_eq!(page.contains("asked by a superuser"), name == "superuser", "{name}");
    }
    wait_for_status(&server, "null-key", "up");
    mariadb.execute("insert into shop.profile values (18, 'd@e.f', null)");
    wait_for_records(&server, "profiles", 2);
    wait_for_status(&server, "null-key", "unknown");
    mariadb.stop();
    wait_for_status(&server, "profiles", "unknown");
    assert_eq!(check_of(&server, "profiles")["records"], 2, "nobody can tell that they are over");
    assert!(probed(&server, "some").contains("Connection refused"));
    mariadb.forget_tls();
    mariadb.start_again();
    wait_for_status(&server, "some", "up");
    assert!(probed(&server, "verified").contains("unknown: localhost"), "it is not asked without TLS");
    mariadb.execute("delete from shop.profile");
    wait_for_status(&server, "profiles", "up");
    wait_for_status(&server, "some", "failing");
    let said = [server.log(), server.get("/checks/wrong").text(), server.get("/config").text()].concat();
    assert!(!said.contains(PASSWORD) && !said.contains("only%2F") && !said.contains("wrong%2F"), "{said}");
}
