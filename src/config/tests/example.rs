use super::{loaded, root};
use crate::core::schedule::Schedule;
use crate::core::time::Span;

/// A newcomer can watch the first check go late.
#[test]
fn the_example_loads_without_a_warning() {
    let config = loaded(&root().join("config.example.yaml")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.warnings, []);
    let hello = &config.checks[0];
    assert_eq!(hello.spec.schedule, Schedule::Every(Span::mins(1)));
    assert_eq!(hello.spec.grace, Span::secs(15));
}

/// Commented lines are there to be used: without the `#` they load too, except for the secrets' files.
#[test]
fn the_examples_comments_load_when_they_are_uncommented() {
    let text = std::fs::read_to_string(root().join("config.example.yaml")).expect("the example");
    let key = regex::Regex::new(r"(?m)^# ((?:[a-z_]+: ?|  ).*)$").expect("an expression");
    let uncommented = key.replace_all(&text, "$1");
    let files = [
        ("main.yaml", uncommented.as_ref()),
        ("checks/more.yaml", "group: more\nchecks: [{name: more, every: 1h}]"),
        ("secrets/smtp", "password\n"),
        ("secrets/chat-url", "https://chat.example.org/hook\n"),
        ("secrets/ping-key", "abcdefghijklmnopqrstuvwxyz\n"),
        ("secrets/ci", "bcdefghijklmnopqrstuvwxyza\n"),
        ("secrets/coal-mine", "cdefghijklmnopqrstuvwxyzab\n"),
    ];
    let config = super::load_files(&files).0.unwrap_or_else(|faults| panic!("{faults}\n{uncommented}"));
    assert_eq!(config.receivers.len(), 2);
    assert_eq!(config.policy.responders.len(), 1);
    assert_eq!(config.checks.len(), 5);
    assert!(config.ping_keys_required);
    assert_eq!((config.tokens.len(), config.compat.len()), (1, 1));
}
