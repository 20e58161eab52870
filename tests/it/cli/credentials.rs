//! Which token goes where; no output ever shows one (`User::run` looks at all of it).

use super::*;

const NEEDED: &str = "a token of scope `read` is needed";

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_token_comes_from_a_file_or_the_environment_or_the_user_s_settings() {
    let server = start();
    let list = ["checks", "list", "--limit", "1"];
    let good = write(server.folder(), "good", &format!("{TOKEN}\n"), 0o600);
    let wrong = write(server.folder(), "wrong", "s3cret-unknown", 0o600);
    let user = || User::of(&server);

    let said = user().fails(&list, 1, NEEDED);
    assert!(
        said.contains("put it into PUNCTUAL_TOKEN, or into a file that --token-file, PUNCTUAL_TOKEN_FILE"),
        "{said}"
    );
    assert!(said.contains(".config/punctual/cli.yaml"), "{said}");
    user().with("PUNCTUAL_TOKEN", TOKEN).done(&list);
    user().with("PUNCTUAL_TOKEN_FILE", &good).done(&list);
    user().done(&[&list[..], &["--token-file", &good]].concat());
    user().with("PUNCTUAL_TOKEN", "").with("PUNCTUAL_TOKEN_FILE", &good).done(&list);
    // The command line comes first, then the token itself, then its file.
    user().with("PUNCTUAL_TOKEN", "s3cret-unknown").done(&[&list[..], &["--token-file", &good]].concat());
    user().with("PUNCTUAL_TOKEN", TOKEN).with("PUNCTUAL_TOKEN_FILE", &wrong).done(&list);

    let said = user().with("PUNCTUAL_TOKEN_FILE", &wrong).fails(&list, 1, "this token is not known");
    assert!(said.contains(&format!("what was sent is the file {wrong}")), "{said}");
    let said = user().with("PUNCTUAL_TOKEN", "s3cret-that-may-ping").fails(
        &list,
        1,
        "this token has the scope `ping`, and this needs `read`",
    );
    assert!(said.ends_with("punctual: what was sent is PUNCTUAL_TOKEN\n"), "{said}");
    user().fails(
        &[&list[..], &["--token-file", "none"]].concat(),
        2,
        "the token in the file none: No such file",
    );
    user().with("PUNCTUAL_TOKEN", "s3cret two").fails(&list, 2, "PUNCTUAL_TOKEN is no token");
    let empty = write(server.folder(), "empty", "\n", 0o600);
    user().with("PUNCTUAL_TOKEN_FILE", &empty).fails(&list, 2, "is empty");
}

#[test]
fn the_token_in_the_user_s_settings_goes_to_their_server_and_to_no_other() {
    let server = start();
    let other = start();
    let folder = tempfile::tempdir().unwrap();
    let user = || User { home: folder.path(), environment: Vec::new() };
    let list = ["checks", "list", "--limit", "1"];
    let settings = |text: &str, mode| write(folder.path(), ".config/punctual/cli.yaml", text, mode);
    settings(&format!("server: {}\ntoken: {TOKEN}\n", server.url("/")), 0o600);
    user().done(&list);
    user().with("PUNCTUAL_URL", server.url("")).done(&list);
    let said = user().fails(&[&list[..], &["--server", &other.url("")]].concat(), 1, NEEDED);
    let home = server.url("");
    assert!(said.contains(&format!("the token in cli.yaml is for {home}, and was not sent")), "{said}");

    settings(&format!("server: {}\ntoken: {TOKEN}\n", server.url("/")), 0o640);
    user().fails(&list, 2, "others on this machine can read it: chmod 600");
    // The name of a file is no secret. It is beside the settings.
    settings(&format!("server: {}\ntoken_file: token\n", server.url("/")), 0o644);
    write(folder.path(), ".config/punctual/token", TOKEN, 0o600);
    user().done(&list);
    write(folder.path(), ".config/punctual/token", TOKEN, 0o644);
    let ran = user().run(&list);
    let warning = "punctual: warning: others on this machine can read the token in ";
    assert!(ran.status == 0 && ran.error.starts_with(warning), "{}", ran.error);
    settings(&format!("server: {}\ntoken: [{TOKEN}\n", server.url("/")), 0o600);
    user().fails(&list, 2, "cli.yaml: line 2, column 8: this is not YAML");
    settings(&format!("servr: {}\n", server.url("/")), 0o600);
    user().fails(&list, 2, "there is no key `servr` here; did you mean `server`?");

    let elsewhere = write(
        folder.path(),
        "xdg/punctual/cli.yaml",
        &format!("server: {}\ntoken: {TOKEN}\n", other.url("")),
        0o600,
    );
    let ran = user().with("XDG_CONFIG_HOME", folder.path().join("xdg").to_str().unwrap()).run(&list);
    assert_eq!((ran.status, ran.error.as_str()), (0, ""), "{elsewhere}");
}

#[test]
fn a_ping_takes_a_key_or_a_token_that_may() {
    let keys = "auth: {ping_keys: [{name: jobs, key: s3cret-key-of-the-jobs}], tokens: [{name: ci, scope: ping, token: s3cret-that-may-ping}]}\n";
    let server = Punctual::start(&format!("{keys}checks: [{{name: job, every: 1h}}]"));
    let ping = ["checks", "ping", "job"];
    let user = || User::of(&server);
    let said = user().fails(&ping, 1, "");
    assert!(said.contains("PUNCTUAL_PING_KEY or PUNCTUAL_PING_KEY_FILE gives a key"), "{said}");
    user().with("PUNCTUAL_PING_KEY", "s3cret-key-of-the-jobs").done(&ping);
    user().with("PUNCTUAL_TOKEN", "s3cret-that-may-ping").done(&ping);
    user().with("PUNCTUAL_PING_KEY", "s3cret-key-of-the-jobs").with("PUNCTUAL_TOKEN", "s3cret-x").done(&ping);
    user().with("PUNCTUAL_PING_KEY", "s3cret-wrong").fails(&ping, 1, "what was shown is PUNCTUAL_PING_KEY");
    user().with("PUNCTUAL_TOKEN", "s3cret-that-may-ping").fails(
        &["checks", "ping", "jbo"],
        1,
        "there is no check `jbo`",
    );
}

#[test]
fn verbose_says_what_is_asked_and_not_with_what() {
    let server = start();
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    for arguments in [
        &["checks", "-v", "list"][..],
        &["checks", "show", "declared", "--verbose"],
        &["checks", "create", "x", "--every", "1h", "-v"],
        &["checks", "ping", "x", "-v"],
        &["checks", "delete", "x", "-v"],
        &["export", "-v"],
    ] {
        let ran = user.run(arguments);
        assert!(
            ran.status == 0 && ran.error.contains(" with PUNCTUAL_TOKEN\n"),
            "{arguments:?}: {}",
            ran.error
        );
        assert!(ran.error.contains(&server.url("/")) && ran.error.contains("punctual: 20"), "{}", ran.error);
    }
    for level in ["trace", "debug"] {
        let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN).with("RUST_LOG", level);
        assert_eq!(user.run(&["checks", "-v", "list"]).status, 0);
    }
    let help = user.run(&["checks", "list", "--help"]);
    assert!(help.out.contains("PUNCTUAL_TOKEN") && help.status == 0, "{}", help.out);
    assert!(!server.log().contains("s3cret"), "{}", server.log());
}

/// Nothing answers there: the warning comes before anything is sent.
#[test]
fn a_token_that_goes_to_another_machine_unencrypted_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let user = User { home: folder.path(), environment: Vec::new() };
    let list = ["checks", "list", "--server", "http://punctual.invalid:1"];
    let warning = "punctual: warning: the token goes to punctual.invalid unencrypted: use https\n";
    let said = user.fails(&list, 2, "no answer from http://punctual.invalid:1/");
    assert!(!said.contains("warning"), "{said}");
    user.with("PUNCTUAL_TOKEN", TOKEN).fails(&list, 2, warning);
}

/// A user's proxy is not shown what goes to the same machine.
#[test]
fn what_goes_to_this_machine_goes_through_no_proxy() {
    let server = start();
    let sink = WebhookSink::start();
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    let user =
        user.with("http_proxy", sink.url()).with("HTTP_PROXY", sink.url()).with("ALL_PROXY", sink.url());
    user.done(&["checks", "list"]);
    assert!(sink.received.all().is_empty());
    let elsewhere = ["checks", "list", "--server", "http://punctual.invalid"];
    assert_eq!(user.run(&elsewhere).status, 2);
    assert_eq!(sink.received.all().len(), 1, "the proxy is one");
}

/// What `--help` and docs/api.md say of all commands that ask a server.
#[test]
fn every_command_asks_the_server_of_the_user_s_settings_before_the_folder_that_may_be_there() {
    let server = start();
    let home = tempfile::tempdir().unwrap();
    let user = || User { home: home.path(), environment: Vec::new() };
    let said = user().fails(&["status"], 2, "--server or PUNCTUAL_URL");
    assert!(said.contains("data/control.sock"), "{said}");
    write(home.path(), ".config/punctual/token", TOKEN, 0o600);
    let settings = format!("server: {}\ntoken_file: token\n", server.url(""));
    write(home.path(), ".config/punctual/cli.yaml", &settings, 0o600);
    assert!(user().done(&["status"]).contains("checks: 1 new"));
    assert_eq!(
        user().done(&["pause", "declared", "--by", "ann"]),
        "declared is paused, says ann (token ci)\n"
    );
    for arguments in [&["incidents", "list"][..], &["messages", "list"], &["mutes"], &["reload"], &["uptime"]]
    {
        user().done(arguments);
    }
    // What is said goes before.
    user().fails(&["status", "--storage.path", "nowhere"], 2, "nowhere/control.sock");
    let environment = user().with("PUNCTUAL_STORAGE_PATH", "nowhere");
    environment.fails(&["status"], 2, "nowhere/control.sock");
}
