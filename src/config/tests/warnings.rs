use super::{good, load_files};

/// Expects exactly these warnings, each by a part of it.
fn check(text: &str, expected: &[&str]) {
    let config = good(text);
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), expected.len(), "{text}: {warnings:#?}");
    for (warning, part) in warnings.iter().zip(expected) {
        assert!(warning.contains(part), "{text}: {warning}");
        assert!(!warning.contains('\n'));
    }
}

const HOOK: &str = "receivers: [{name: hook, webhook: {url: 'http://127.0.0.1/'}}]\n";

/// A job that may run for two hours is not late after half an hour, if it reports its start.
#[test]
fn grace_below_max_runtime_without_a_start_is_a_warning() {
    let backup = |rest: &str| format!("checks: [{{name: a, cron: '0 2 * * *', grace: 30m, {rest}}}]");
    check(&backup("max_runtime: 2h"), &["check a (", "`grace` is shorter than `max_runtime`"][..1]);
    check(&backup("max_runtime: 2h, start_within: 10m"), &[]);
    check(&backup("max_runtime: 30m"), &[]);
    check("checks: [{name: a, expect: {at_least: 1, within: 1d}, max_runtime: 2h}]", &[]);
}

#[test]
fn what_many_checks_share_is_one_warning() {
    let checks: String =
        (0..1000).map(|i| format!("  - {{name: c{i}, every: 1h, grace: 1m, max_runtime: 5m}}\n")).collect();
    let config = good(&format!("checks:\n{checks}"));
    let [warning] = &config.warnings[..] else { panic!("{:?}", config.warnings) };
    let text = warning.to_string();
    assert!(text.starts_with("1000 checks, c0 (") && text.contains(" and 995 more: "), "{text}");
}

/// Only if Prometheus tells people: elsewhere labels stay as declared.
#[test]
fn labels_that_targets_often_have_are_a_warning() {
    let labels = |labels: &str| format!("checks: [{{name: a, every: 1h, labels: {{{labels}}}}}]\n");
    check(&labels("service: x, team: y"), &["`exported_service`"]);
    check(&labels("namespace: x, container: y"), &["`exported_container`", "`exported_namespace`"]);
    check(&labels("team: y"), &[]);
    check(&(labels("service: x") + HOOK + "default_receivers: [hook]"), &[]);
    check(&(labels("service: x") + "alerting: {alertmanagers: [{url: 'http://127.0.0.1'}]}"), &[]);
}

/// The shipped alert rules ignore dependencies.
#[test]
fn dependencies_where_only_prometheus_tells_are_a_warning() {
    let checks = "checks: [{name: a, every: 1h}, {name: b, every: 1h, depends_on: [a]}]\n";
    check(checks, &["check b ("]);
    check(&(checks.to_owned() + HOOK + "default_receivers: [hook]"), &[]);
}

#[test]
fn zones_that_mislead_are_a_warning() {
    check("checks: [{name: a, cron: '0 2 * * *', timezone: EST}]", &["main.yaml:1: timezone `EST`"]);
    check("defaults: {timezone: Etc/GMT-2}\nchecks: []", &["timezone `Etc/GMT-2`"]);
    check("checks: [{name: a, cron: '0 2 * * *', timezone: America/New_York}]", &[]);
}

#[test]
fn dates_that_come_rarely_are_a_warning() {
    check("checks: [{name: a, cron: '0 2 29 2 *'}]", &["come rarely"]);
    check("checks: [{name: a, cron: '0 2 1 1 *'}]", &[]);
}

/// 2.4: the success of the next run would serve the one that was left out.
#[test]
fn grace_as_long_as_the_gap_is_a_warning() {
    check("checks: [{name: a, cron: '0 * * * *', grace: 1h}]", &["goes unnoticed"]);
    check("checks: [{name: a, cron: '0  * * * *', grace: 1h}]", &["goes unnoticed"]);
    check("checks: [{name: a, cron: '0 * * * *', grace: 59m}]", &[]);
}

/// 12.2: both ends are checked.
#[test]
fn checks_that_reach_nobody_and_receivers_that_nothing_reaches_are_warnings() {
    let checks = "checks: [{name: a, every: 1h, labels: {team: x}}, {name: b, every: 1h}]\n";
    let file = |rest: &str| format!("{HOOK}{checks}{rest}");
    check(&file("default_receivers: [hook]"), &[]);
    check(&file(""), &["2 checks, a (", "nothing reaches the receiver `hook`: no responder names it"]);
    let team = "responders: [{matchers: [team=x], actions: [{notify: hook}]}]";
    check(&file(team), &["check b ("]);
    let late = "responders: [{matchers: [status=late], actions: [{notify: hook}]}]";
    check(&file(late), &["2 checks, a ("]);
    let late = good(&file(late)).warnings[0].to_string();
    assert!(late.ends_with("nobody would be told when the reason is failed"), "{late}");
    let nothing = "default_receivers: [hook]\n\
                   responders: [{matchers: ['check=\"b\"', team=x], actions: [{notify: hook}]}]";
    check(&file(nothing), &[]);
}

/// 12.2: it is named, and still gets nothing.
#[test]
fn a_receiver_that_is_named_and_never_told_is_a_warning() {
    let text = format!(
        "{HOOK}checks: [{{name: a, every: 1h, labels: {{team: x}}}}]\n\
         responders: [{{matchers: ['team!=x'], actions: [{{notify: hook}}]}}]"
    );
    check(&text, &["check a (", "nothing reaches the receiver `hook`: no check matches"]);
}

#[test]
fn matchers_that_never_match_are_a_warning() {
    let responder = |matcher: &str| {
        format!(
            "{HOOK}default_receivers: [hook]\nchecks: [{{name: a, every: 1h, labels: {{team: x}}}}]\n\
             responders: [{{matchers: ['{matcher}'], actions: [{{notify: hook, after: 1m}}]}}]"
        )
    };
    check(&responder("taem=x"), &["responder 1: no check has the label `taem`; did you mean `team`?"]);
    check(&responder("status=down"), &["status=\"down\" never matches; there is failing, late, unknown"]);
    check(&responder("reason=~missing|too_few"), &[]);
    check(&responder("reason=too_few"), &["never matches"]);
    check(&responder("group=\"\""), &[]);
}

/// 13.4: either Alertmanager tells people, or punctual does.
#[test]
fn both_ways_of_working_at_once_are_a_warning() {
    let push = "alerting: {alertmanagers: [{url: 'http://127.0.0.1:9093'}]}\n";
    let checks = "checks: [{name: a, every: 1h}]\n";
    check(&format!("{push}{checks}"), &[]);
    check(&format!("{push}{checks}{HOOK}default_receivers: [hook]"), &["people hear everything twice"]);
    check(checks, &[]);
}

#[test]
fn secrets_in_place_are_warnings_that_do_not_show_them() {
    let text = "smtp: {host: mail.example.org, tls: none, from: a@example.org, username: u, password: hunter2}\n\
                auth: {ping_keys: [{name: jobs, key: hunter2}]}\n\
                receivers:\n\
                \x20 - {name: chat, webhook: {format: slack, url: 'https://hooks.example.org/hunter2'}}\n\
                default_receivers: [chat]";
    let expected =
        ["`password` is a secret in place", "sends its password unprotected", "`key` is a secret in place"];
    check(
        text,
        &[expected[0], expected[1], expected[2], "short enough to be guessed", "`url` is a secret in place"],
    );
    assert!(!format!("{:?}", good(text)).contains("hunter2"));
}

/// Anybody who reaches the port could do anything, and nobody would hear of it.
#[test]
fn an_open_interface_and_one_whose_mails_cannot_leave_are_warnings() {
    let smtp = "smtp: {host: mail.example.org, from: a@example.org}\n";
    let mail = "cannot leave";
    check("compat: {coal_mine: {enabled: true}}", &["`compat.coal_mine` has no `auth_key_file`", mail]);
    check(&format!("{smtp}compat: {{nights_watch: {{enabled: true}}}}"), &["`compat.nights_watch` has no"]);
    let key = "auth_key: shortkey";
    let expected = ["`auth_key` is a secret in place", "of `coal_mine` is short enough", mail];
    check(&format!("compat: {{coal_mine: {{enabled: true, {key}}}}}"), &expected);
    check("compat: {coal_mine: {enabled: false}}", &[]);
    let token = "auth: {tokens: [{name: ci, scope: read, token: short}]}";
    check(token, &["`token` is a secret in place", "the token `ci` is short enough to be guessed"]);
}

/// Moving a folder must not archive its checks.
#[test]
fn a_pattern_that_matches_nothing_is_a_fault() {
    let faults = load_files(&[("main.yaml", "check_files: [checks/*.yaml]")]).0.expect_err("nothing matches");
    assert!(faults.to_string().contains("no file matches `checks/*.yaml`"));
}

/// Combinations that can never work would time out at each attempt.
#[test]
fn ports_of_mail_that_speak_otherwise_are_a_warning() {
    let smtp = |rest: &str, expected: &[&str]| {
        check(
            &format!("smtp: {{host: mail.example.org, from: a@example.org, {rest}}}\nchecks: []"),
            expected,
        );
    };
    smtp("port: 465", &["port 465 speaks TLS from its first byte: write `tls: implicit`"]);
    smtp("port: 465, tls: none", &["write `tls: implicit`"]);
    smtp("port: 587, tls: implicit", &["port 587 begins in the clear: write `tls: starttls`"]);
    smtp("port: 25, tls: implicit", &["port 25 begins in the clear: write `tls: starttls`"]);
    for fits in [
        "port: 465, tls: implicit",
        "port: 587",
        "port: 25",
        "port: 25, tls: none",
        "port: 2525, tls: implicit",
        "tls: implicit",
    ] {
        smtp(fits, &[]);
    }
}

/// The proposal is accepted, without a warning.
#[test]
fn steps_beyond_their_field_are_a_warning() {
    let cron = |text: &str, expected: &[&str]| {
        check(&format!("checks: [{{name: a, cron: '{text}', grace: 1s}}]"), expected);
    };
    cron("*/90 * * * *", &["write `every: 90m`"]);
    cron("*/60 * * * *", &["write `every: 60m`"]);
    cron("0 */25 * * *", &["write `every: 25h`"]);
    cron("0 5 */31 * *", &["write `every: 31d`"]);
    for fits in ["*/59 * * * *", "*/5 */23 * * *", "0 0 */30 * *", "0 0 * * *", "@daily"] {
        cron(fits, &[]);
    }
    for proposed in ["90m", "60m", "25h", "31d"] {
        check(&format!("checks: [{{name: a, every: {proposed}}}]"), &[]);
    }
}

/// If ping keys are required and a door needs none, the warning says what can be done through it.
#[test]
fn a_trigger_that_asks_for_nothing_though_there_are_ping_keys_is_a_warning() {
    let open = |auth: &str, trigger: &str, expected: bool| {
        let text = format!(
            "auth: {{{auth}}}\ncompat: {{nights_watch: {{enabled: true, auth_key: abcdefghijklmnop{trigger}}}}}\n"
        );
        let warnings = good(&text).warnings;
        let said = warnings.iter().any(|warning| {
            let text = warning.to_string();
            text.contains("`compat.nights_watch.trigger` is `open`") && text.contains("a job has succeeded")
        });
        assert_eq!(said, expected, "{text}: {warnings:?}");
    };
    const KEYS: &str = "ping_keys: [{name: a, key: abcdefghijklmnop}]";
    let moving = format!("{KEYS}, ping_keys_required: false");
    open("", "", false);
    open(KEYS, "", false);
    open(KEYS, ", trigger: open", true);
    open(KEYS, ", trigger: id", false);
    open(KEYS, ", trigger: key", false);
    open(&moving, "", true);
    open(&moving, ", trigger: id", false);
}

/// Such a check would silently be routed to the receivers of everything.
#[test]
fn labels_that_are_nearly_those_that_somebody_looks_at_are_a_warning() {
    let labels = |labels: &str| format!("  - {{name: NAME, every: 1h, labels: {{{labels}}}}}\n");
    let file = |one: &str, other: &str| {
        format!("checks:\n{}{}", labels(one).replace("NAME", "a"), labels(other).replace("NAME", "b"))
    };
    let hint = "nobody looks at the label `severty`; did you mean `severity`?";
    check(&file("severty: critical", "severity: info"), &[&format!("main.yaml:2): {hint}")]);
    check(&file("severty: critical", "team: dba"), &[hint]);
    check(&file("severity: critical", "team: dba"), &[]);
    // Both labels are there on purpose.
    check(&file("severity: critical, severty: x", "team: dba"), &[]);
    let responders =
        "responders: [{matchers: ['team=dba'], actions: [{notify: hook}]}]\ndefault_receivers: [hook]\n";
    let with = |one: &str, other: &str| format!("{HOOK}{responders}{}", file(one, other));
    check(&with("teams: dba", "team: dba"), &["nobody looks at the label `teams`; did you mean `team`?"]);
    check(
        &with("teams: dba", "teams: net"),
        &["responder 1: no check has the label `team`; did you mean `teams`?"],
    );
}

/// 24.1: the line to add is said for each of two checks whose names make the same ref.
#[test]
fn checks_without_a_ref_are_a_warning() {
    let two = |rest: &str| {
        format!("checks:\n  - {{name: job-54928, every: 1h}}\n  - {{name: job-70706, every: 1h{rest}}}\n")
    };
    check(
        &two(""),
        &[
            "check job-54928 (",
            "since `axtqfc`, which is made of its name, is another check's, too: add `ref: hbg33x` to it",
        ],
    );
    // Where one of them sets its own, the other's is free.
    check(&two(", ref: x7kq2a"), &[]);
    check(&two(", ref: axtqfc"), &["add `ref: uhgp2v` to it"]);
}

/// With `url` in place each has a warning of its own.
#[test]
fn a_database_elsewhere_that_is_not_verified_is_a_warning() {
    let in_place = "`url` is a secret in place";
    let on_the_way = "whoever is on the way to the database";
    let of = |database: &str, expected: &[&str]| {
        check(&format!("databases: [{{name: a, {database}}}]\nchecks: [{{name: a, every: 1h}}]\n"), expected);
    };
    of("postgres: {url: 'postgres://a:b@db.example.org/c'}", &[in_place, on_the_way]);
    of("postgres: {url: 'postgres://a:b@db.example.org/c?sslmode=disable'}", &[in_place, on_the_way]);
    of("mysql: {url: 'mysql://a:b@10.0.0.1/c?sslmode=prefer'}", &[in_place, on_the_way]);
    of("postgres: {url: 'postgres://a:b@db.example.org/c?sslmode=require'}", &[in_place]);
    of("postgres: {url: 'postgres://a:b@db.example.org/c', tls_config: {}}", &[in_place]);
    of("postgres: {url: 'postgres://a:b@127.0.0.1/c'}", &[in_place]);
    of("mysql: {url: 'mysql://a:b@db/c?socket=/run/mysqld/mysqld.sock'}", &[in_place]);
}
