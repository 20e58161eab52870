//! Canaries of another server, imported and then served by the real binary.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use punctual::core::periods::Periods;
use punctual::core::time::{Span, Time};
use serde_json::{Value, json};

use crate::support::process::{PATIENCE, run, tool, wait_until};
use crate::support::punctual::{Punctual, punctual};
use crate::support::smtp::{SmtpServer, Tls};

const COUNT: i64 = 1000;
const COMPAT: &str = "compat: {coal_mine: {enabled: true}, nights_watch: {enabled: true}}\n";

/// `aaaaaaaa`, `aaaaaaab`, …
fn id(n: i64) -> String {
    (0..8).rev().map(|place| char::from(b'a' + (n / 26_i64.pow(place) % 26) as u8)).collect()
}

fn iso(time: Time) -> String {
    time.to_utc().format("%Y-%m-%dT%H:%M:%S%.3f000+00:00").to_string()
}

/// What `list?verbose=true` says of a canary: up, late, paused, or late and paused.
fn canary(n: i64, now: Time) -> Value {
    let (late, paused) = (n % 4 % 2 == 1, n % 4 >= 2);
    let newest = now - Span::secs(100 + n) - Span::ms(n % 1000 + 1);
    let period = Span::secs(if late { 60 } else { 7200 });
    let count = if n == 0 { 1000 } else { 5 };
    let mut history: Vec<Value> =
        (0..count).map(|k| json!([iso(newest - Span::secs(k)), format!("Triggered (é {k})")])).collect();
    if paused {
        history.insert(0, json!([iso(newest + Span::secs(61)), "Paused (night)"]));
    }
    let mut canary = json!({
        "id": id(n), "name": format!("Jöb {n}"), "slug": format!("jöb-{n}"), "periodicity": period.as_secs_f64(),
        "description": "what it does", "emails": [format!("ops{n}@example.org")], "paused": paused,
        "history": history, "late": late,
    });
    if !paused {
        canary["deadline"] = json!(iso(newest + period));
    }
    canary
}

/// The same as mongoexport writes it: coal-mine's `id` stands beside a key that MongoDB made, older ones are the key.
fn exported(canary: &Value) -> String {
    let date = |text: &Value| {
        let ms = chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap().timestamp_millis();
        match ms % 2 {
            0 => json!({"$date": Time::from_ms(ms).to_string()}),
            _ => json!({"$date": {"$numberLong": ms.to_string()}}),
        }
    };
    let mut document = canary.clone();
    let map = document.as_object_mut().unwrap();
    let key = match canary["periodicity"] == 60.0 {
        true => map.remove("id").unwrap(),
        false => json!({"$oid": "65a1b2c3d4e5f60718293a4b"}),
    };
    map.insert("_id".to_owned(), key);
    if let Some(deadline) = map.get_mut("deadline") {
        *deadline = date(deadline);
    }
    for entry in map["history"].as_array_mut().unwrap() {
        entry[0] = date(&entry[0]);
    }
    map["periodicity"] = json!({"$numberDouble": canary["periodicity"].to_string()});
    format!("{document}\n")
}

fn import(from: &str, folder: &Path, file: &Path, flags: &[&str]) -> (bool, String) {
    let storage = folder.join("data");
    let arguments = ["import", from, file.to_str().unwrap(), "--storage.path", storage.to_str().unwrap()];
    punctual(&[&arguments[..], flags].concat())
}

fn list(server: &Punctual) -> Vec<Value> {
    let list = server.get("/coal-mine/v1/canary/list?verbose=true").json();
    let mut list = list["canaries"].as_array().unwrap().clone();
    list.sort_by_key(|canary| canary["id"].as_str().unwrap().to_owned());
    list
}

/// Times without their fractions' needless zeros.
fn plain(mut canary: Value) -> Value {
    let short = |text: &mut Value| {
        let time = chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
        *text = json!(time.timestamp_millis());
    };
    canary["history"].as_array_mut().unwrap().iter_mut().for_each(|entry| short(&mut entry[0]));
    if let Some(deadline) = canary.get_mut("deadline") {
        short(deadline);
    }
    canary
}

/// 16.9
#[test]
fn a_thousand_canaries_go_on_as_they_were_and_nobody_is_alerted() {
    let mail = SmtpServer::start(Tls::None, None);
    let smtp =
        format!("smtp: {{host: 127.0.0.1, port: {}, tls: none, from: punctual@example.org}}\n", mail.port());
    let mut server = Punctual::new(&format!("{COMPAT}{smtp}"));
    let now = Time::from_ms(chrono::Utc::now().timestamp_millis());
    let canaries: Vec<Value> = (0..COUNT).map(|n| canary(n, now)).collect();
    let file = server.folder().join("canaries.json");
    std::fs::write(&file, canaries.iter().map(exported).collect::<String>()).unwrap();

    let (is_good, said) = import("coal-mine", server.folder(), &file, &[]);
    assert!(is_good && said.contains("would import (do it with --apply): 1000 canaries"), "{said}");
    assert!(!server.data().exists(), "a dry run leaves nothing behind");
    let (is_good, said) = import("coal-mine", server.folder(), &file, &["--apply"]);
    assert!(is_good && said.ends_with("imported: 1000 canaries; cannot import: 0\n"), "{said}");
    // What jobs have sent is for the server's user and group, whoever wrote it.
    for file in std::fs::read_dir(server.folder().join("data")).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o027, 0, "{:?} is {mode:o}", file.path());
    }

    server.start_again();
    let answer = server.get("/coal-mine/v1/canary/list?verbose=true").text();
    let served = list(&server);
    assert_eq!(served.len(), canaries.len());
    for (served, expected) in served.into_iter().zip(&canaries) {
        let mut expected = plain(expected.clone());
        expected["history"].as_array_mut().unwrap().truncate(1000);
        assert_eq!(plain(served), expected);
    }
    let (is_good, said) = import("coal-mine", server.folder(), &file, &["--apply"]);
    assert!(!is_good && said.contains("a server is running"), "{said}");

    // The first mail that leaves is of the one that reports again: none was before it.
    assert_eq!(server.get(&format!("/{}", id(1))).json()["recovered"], true);
    let told = mail.mails.wait_for_count("the recovery", PATIENCE, 1);
    assert_eq!((told.len(), told[0].to.as_slice()), (1, &["ops1@example.org".to_owned()][..]));
    let subject = told[0].header("subject");
    assert!(subject.starts_with("[RE") && subject.contains("Jöb 1"), "{subject}");

    // A saved answer of its list is imported elsewhere in the same way.
    let other = Punctual::new(COMPAT);
    let saved = other.folder().join("list.json");
    std::fs::write(&saved, answer).unwrap();
    let (is_good, said) = import("coal-mine", other.folder(), &saved, &["--apply", "--output", "json"]);
    assert!(is_good, "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&report["imported"], &report["applied"]), (&json!(1000), &json!(true)));
    let (is_good, said) = import("coal-mine", other.folder(), &saved, &[]);
    assert!(!is_good && said.contains("its id is here already"), "{said}");
}

/// Every line of shell in the manual, one after the other.
#[test]
fn the_manual_s_way_from_coal_mine_works() {
    let mut server = Punctual::new("");
    let write = |name: &str, text: &str| std::fs::write(server.folder().join(name), text).unwrap();
    let ini = "[mongodb]\nhosts = m\n[email]\nsender = coal@example.org\n[wsgi]\nport = 8080\nauth_key = s3cret-of-them-all\n";
    write("coal-mine.ini", ini);
    write("coal-mine-auth-key", "s3cret-of-them-all");
    let now = Time::from_ms(chrono::Utc::now().timestamp_millis());
    write("canaries.json", &(0..4).map(|n| exported(&canary(n, now))).collect::<String>());
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/coal-mine.md")).unwrap();
    let blocks = manual.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines: Vec<&str> =
        blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 3, "{lines:?}");
    let binary = Path::new(env!("CARGO_BIN_EXE_punctual")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    for line in lines {
        let mut shell = tool("sh");
        shell.args(["-c", line]).current_dir(server.folder()).env("PATH", &path);
        let (is_good, said) = run(&mut shell);
        assert!(is_good && !said.contains("s3cret"), "{line}: {said}");
    }
    let yaml = std::fs::read_to_string(server.folder().join("punctual.yaml")).unwrap();
    server.write_config(&yaml);
    server.start_again();
    let list = server.get("/coal-mine/v1/canary/list?auth_key=s3cret-of-them-all");
    assert_eq!(list.json()["canaries"].as_array().unwrap().len(), 4, "{}", list.text());
}

#[test]
fn what_cannot_be_carried_is_named_with_its_line_and_the_rest_goes_on() {
    let server = Punctual::new(COMPAT);
    let file = server.folder().join("watchers.json");
    let lines = [
        r#"{"_id": "aaaaaaaa", "name": "A", "slug": "a", "periodicity": 60, "late": false, "paused": false, "history": [], "emails": ["x"]}"#,
        r#"{"_id": "aaaaaaab", "name": "B", "slug": "b", "periodicity": "often"}"#,
        r#"{"_id": "aaaaaaac", "name": "A", "slug": "a", "periodicity": 60}"#,
        r#"{"_id": "aaaaaaaa", "name": "D", "slug": "d", "periodicity": 60}"#,
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let (is_good, said) = import("nights-watch", server.folder(), &file, &["--apply"]);
    assert!(!is_good, "{said}");
    for part in [
        "watchers.json:1: aaaaaaaa \"A\"\n    `x` is no mail address\n",
        "watchers.json:2: NOT aaaaaaab \"B\": ",
        "watchers.json:3: NOT aaaaaaac \"A\": another one before it has the slug `a`",
        "watchers.json:4: NOT aaaaaaaa \"D\": another one before it has this id",
        "imported: 1 watcher; cannot import: 3\n",
        "3 of 4 cannot be imported",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let ini = server.folder().join("coal-mine.ini");
    std::fs::write(&ini, "[email]\nsender = a@example.org\n[wsgi]\nauth_key = k3y\n").unwrap();
    let (is_good, said) = import("coal-mine", server.folder(), &ini, &[]);
    assert!(is_good && said.contains("auth_key_file: coal-mine-auth-key") && !said.contains("k3y"), "{said}");
    std::fs::write(&file, b"{}\n{\"a\": \xff}").unwrap();
    let (is_good, said) = import("nights-watch", server.folder(), &file, &["--apply"]);
    assert!(!is_good && said.contains("line 2: this is not UTF-8"), "{said}");
}

#[test]
fn nothing_is_imported_while_a_line_is_no_json_and_all_such_lines_are_told() {
    let mut server = Punctual::new(COMPAT);
    let file = server.folder().join("canaries.json");
    let lines = [
        r#"{"_id": "aaaaaaaa", "name": "A", "slug": "a", "periodicity": 60, "emails": ["root", "a@example.org"]}"#,
        r#"{"_id": "aaaaaaab", "name": "B", "slug": "b", "periodicity": 60"#,
        r#"{"_id": "aaaaaaac", "name": "C", "slug": "c", "periodicity": "often"}"#,
        r#"{"_id": "aaaaaaad", "name": "D\u001b", "slug" "d"}"#,
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    for flags in [&[][..], &["--apply"]] {
        let (is_good, said) = import("coal-mine", server.folder(), &file, flags);
        assert!(!is_good, "{said}");
        for part in [
            "canaries.json:1: aaaaaaaa \"A\"\n    `root` is no mail address\n",
            "canaries.json:2: NOT: this is not JSON: expected `,` or `}` at line 3 column 1\n",
            "canaries.json:3: NOT aaaaaaac \"C\": ",
            "canaries.json:4: NOT: this is not JSON: expected `:` at line 4 column 47\n",
            "could import, if all could be read: 1 canary; cannot import: 3\n",
            "nothing was imported: 2 of 4 cannot be read",
        ] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
    let (_, said) = import("coal-mine", server.folder(), &file, &["--apply", "--output", "json"]);
    let report: Value = serde_json::Deserializer::from_str(&said).into_iter().next().unwrap().unwrap();
    assert_eq!((&report["applied"], &report["unreadable"]), (&json!(false), &json!(2)));
    std::fs::write(&file, lines[0]).unwrap();
    let (is_good, said) = import("coal-mine", server.folder(), &file, &["--apply"]);
    assert!(is_good && said.ends_with("imported: 1 canary; cannot import: 0\n"), "{said}");
    server.start_again();
    assert_eq!(list(&server).len(), 1, "nothing was there before");
}

/// 2.6, 16.9: how often depends on the time, also for those that come from elsewhere.
#[test]
fn schedules_are_carried_over_with_their_deadlines() {
    let mut server = Punctual::new(COMPAT);
    let now = Time::from_ms(chrono::Utc::now().timestamp_millis());
    let day = |days: i64| (now + Span::mins(days * 24 * 60)).to_utc().format("%a").to_string().to_lowercase();
    let schedules = [
        "* * * * * 7200".to_owned(),
        format!("# always; * * * * {} 7200.5; 30 4 * * {} 600", day(0), day(2)),
    ];
    let canaries: Vec<Value> = schedules
        .iter()
        .enumerate()
        .map(|(n, schedule)| {
            let mut canary = canary(n as i64 * 4, now);
            let newest =
                chrono::DateTime::parse_from_rfc3339(canary["history"][0][0].as_str().unwrap()).unwrap();
            let newest = Time::from_ms(newest.timestamp_millis());
            canary["periodicity"] = json!(schedule);
            canary["deadline"] = json!(iso(Periods::parse(schedule).unwrap().deadline(newest).unwrap()));
            canary
        })
        .collect();
    let file = server.folder().join("canaries.json");
    let lines = canaries.iter().map(|canary| {
        let mut document: Value = serde_json::from_str(&exported(canary)).unwrap();
        document["periodicity"] = canary["periodicity"].clone();
        // A list shows it, and its schedule says it already.
        document["periodicity_schedule"] = json!([]);
        format!("{document}\n")
    });
    std::fs::write(&file, lines.collect::<String>()).unwrap();
    let (is_good, said) = import("coal-mine", server.folder(), &file, &["--apply"]);
    assert!(is_good && said.contains("imported: 2 canaries; cannot import: 0"), "{said}");

    server.start_again();
    for (served, canary) in list(&server).into_iter().zip(&canaries) {
        let mut expected = plain(canary.clone());
        expected["history"].as_array_mut().unwrap().truncate(1000);
        assert_eq!(plain(served), expected);
        let id = canary["id"].as_str().unwrap();
        let got = server.get(&format!("/coal-mine/v1/canary/get?id={id}")).json()["canary"].clone();
        assert_eq!(got["periodicity"], canary["periodicity"]);
        assert!(!got["periodicity_schedule"].as_array().unwrap().is_empty(), "{got}");
        assert_eq!(plain(got)["deadline"], plain(canary.clone())["deadline"]);
    }
    // What the API and an export say of it is what a file would say.
    let api = server.get("/api/v1/checks").json();
    let periods: Vec<&Value> =
        api["checks"].as_array().unwrap().iter().map(|check| &check["definition"]["periods"]).collect();
    assert_eq!(
        periods,
        schedules.iter().map(|schedule| json!(schedule)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
}

#[test]
fn more_than_the_server_may_have_are_refused_before_anything_is_kept() {
    let mut server = Punctual::new(&format!("max_checks: 3\n{COMPAT}checks: [{{name: a, every: 1h}}]"));
    server.start_again();
    assert!(server.stop().success());
    let now = Time::from_ms(chrono::Utc::now().timestamp_millis());
    let file = server.folder().join("canaries.json");
    let write =
        |count| std::fs::write(&file, (0..count).map(|n| exported(&canary(n, now))).collect::<String>());
    let config = server.folder().join("punctual.yaml");
    let flags = ["--apply", "--config.file", config.to_str().unwrap()];
    write(3).unwrap();
    for flags in [&flags[..], &flags[1..]] {
        let (is_good, said) = import("coal-mine", server.folder(), &file, flags);
        let expected = "nothing was imported: 1 checks are there and 3 would come, and `max_checks` allows 3";
        assert!(!is_good && said.contains(expected), "{said}");
    }
    write(2).unwrap();
    let (is_good, said) = import("coal-mine", server.folder(), &file, &flags);
    assert!(is_good && said.contains("imported: 2 canaries"), "{said}");
    server.start_again();
    assert_eq!(list(&server).len(), 2);
    std::fs::write(&config, "max_checks: none").unwrap();
    let (is_good, said) = import("coal-mine", server.folder(), &file, &flags);
    assert!(!is_good && said.contains("punctual.yaml:1:13: `max_checks` is a whole number"), "{said}");
}

/// 16.9
#[test]
fn watchers_go_from_one_server_to_another_by_a_saved_list() {
    let get = |server: &Punctual, command: &str| {
        let answer = server.get(&format!("/nights-watch/v1/watcher/{command}"));
        assert_eq!(answer.status, 200, "{command}: {}", answer.text());
        answer
    };
    let first = Punctual::start(COMPAT);
    get(&first, "create?name=Ünit&periodicity=86400&description=d&email=a%40example.org");
    get(&first, "trigger?name=Ünit&comment=ä");
    get(&first, "create?name=asleep&periodicity=60&paused=true");
    get(&first, "create?name=late&periodicity=1");
    let is_late = || get(&first, "list?late=true").text().contains("\"late\"");
    wait_until("a watcher that is late", PATIENCE, is_late);
    let saved = get(&first, "list?verbose=true");

    let mut second = Punctual::new(COMPAT);
    let file = second.folder().join("list.json");
    std::fs::write(&file, saved.text()).unwrap();
    let (is_good, said) = import("nights-watch", second.folder(), &file, &["--apply"]);
    assert!(is_good && said.ends_with("imported: 3 watchers; cannot import: 0\n"), "{said}");
    second.start_again();
    assert_eq!(get(&second, "list?verbose=true").json(), saved.json());
    assert_eq!(get(&second, "trigger?name=late").json()["recovered"], true);
}
