//! What goes wrong says what to do, and ends with an exit status that has a meaning.

use super::*;

#[test]
fn a_refusal_says_what_would_be_right_and_ends_with_1() {
    let server = start();
    let user = User::of(&server).with("PUNCTUAL_TOKEN", TOKEN);
    user.done(&["checks", "create", "worker", "--every", "5m"]);
    let refused = |arguments: &[&str], expected: &str| {
        let arguments = [&["checks"], arguments].concat();
        assert_eq!(timeless(&user.fails(&arguments, 1, "punctual: ")), expected);
    };
    refused(&["show", "wroker"], "punctual: there is no check `wroker`: did you mean `worker`? (404)\n");
    refused(&["pause", "wroker"], "punctual: there is no check `wroker`: did you mean `worker`? (404)\n");
    refused(
        &["update", "declared", "--every", "2h"],
        "punctual: this check is declared in punctual.yaml:3: change it there and reload; only pausing and unpausing work from here (409)\n",
    );
    refused(
        &["create", "worker", "--every", "2h"],
        "punctual: worker: there is a check of the name `worker` already: choose another `name`, or change that one at /api/v1/checks/worker (409)\n",
    );
    refused(
        &["create", "x", "--every", "0s", "--set", "tiemzone=UTC"],
        "punctual: x: `every` is at least 1s, not 0s\n\
         punctual: a check has no key `tiemzone`; did you mean `timezone`? (422)\n",
    );
    // Those before it are made, which is said.
    let ran =
        user.run_with(&["checks", "create", "-f", "-"], "[{name: y, every: 1h}, {name: z, every: soon}]");
    assert_eq!(
        (ran.status, timeless(&ran.out)),
        (1, "y is made; its job pings http://SERVER/ping/y\n".to_owned())
    );
    assert!(ran.error.starts_with("punctual: z: `every` is `soon`"), "{}", ran.error);
}

#[test]
fn without_a_token_on_the_server_everybody_reads_and_nobody_writes() {
    let server = Punctual::start("checks: [{name: job, every: 1h}]");
    let user = User::of(&server);
    assert_eq!(user.done(&["checks", "list"]).lines().count(), 2);
    assert_eq!(user.done(&["checks", "ping", "job"]), "OK\n");
    assert!(user.done(&["checks", "show", "job"]).starts_with("name           job\n"));
    for arguments in [
        &["pause", "job"][..],
        &["create", "x", "--every", "1h"],
        &["update", "job", "--grace", "1m"],
        &["delete", "job"],
    ] {
        user.fails(&[&["checks"], arguments].concat(), 1, "add one under `auth.tokens` of the configuration");
    }
    assert_eq!(user.done(&["export"]), "checks: []\n");
}

#[test]
fn what_was_never_asked_ends_with_2() {
    let mut server = start();
    let url = server.url("");
    server.stop();
    let user = User { home: server.folder(), environment: Vec::new() };
    let list =
        |server: &str, expected: &str| user.fails(&["checks", "list", "--server", server], 2, expected);
    let said = list(&url, "is a server running there? --server or PUNCTUAL_URL names another");
    assert!(said.contains("onnection refused"), "{said}");
    list("127.0.0.1:1", "write it as http://HOST:PORT");
    list("", "write it as http://HOST:PORT");
    list("http://me:s3cret@127.0.0.1", "leave the name and the password out");
    for (arguments, expected) in [
        (&["show"][..], "<NAME>"),
        (&["show", "../etc"], "a name is made of a-z, 0-9, _ and -"),
        (&["create"], "--title <TITLE>"),
        (&["create", "-f", "-", "--every", "1h"], "cannot be used with"),
        (&["create", "x", "--label", "team"], "a name and a value, with = between them"),
        (&["create", "-f", "missing.yaml"], "missing.yaml: No such file"),
        (&["update", "x"], "say what changes"),
        (&["list", "--token=s3cret"], "unexpected argument '--token'"),
    ] {
        user.fails(&[&["checks"], arguments].concat(), 2, expected);
    }
    let ran = user.run_with(&["checks", "create", "-f", "-"], "- {name: x\n");
    assert!(ran.status == 2 && ran.error.starts_with("punctual: -:"), "{}", ran.error);
    let ran = user.run_with(&["checks", "update", "x", "-f", "-"], "[{grace: 1m}, {grace: 2m}]");
    assert!(ran.status == 2 && ran.error.contains("one check is changed at a time, not 2"), "{}", ran.error);
}

/// It may be anything that listens there.
#[test]
fn what_is_not_punctual_is_not_taken_for_it() {
    let sink = WebhookSink::start();
    let folder = tempfile::tempdir().unwrap();
    let user = User { home: folder.path(), environment: Vec::new() }.with("PUNCTUAL_TOKEN", TOKEN);
    let list = ["checks", "list", "--server", &sink.url()];
    for status in [200, 404, 500] {
        sink.answer_with(Answer::Status(status));
        user.fails(&list, 2, &format!("is not punctual's API ({status}): is the URL right?"));
    }
    sink.answer_with(Answer::Redirect("http://127.0.0.1:9/elsewhere".to_owned()));
    let said = user.fails(&list, 2, "leads to http://127.0.0.1:9/elsewhere");
    assert!(said.contains("name that server"), "{said}");
}
