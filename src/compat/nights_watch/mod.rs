//! Night's Watch: its checks are watchers.

use super::canaries::{Dialect, Interface};
use crate::core::origin::Habits;

pub(super) static DOOR: Interface = Interface(&DIALECT);

const DIALECT: Dialect = Dialect {
    system: "nights_watch",
    // The original has no bound; ours is far beyond what anybody reads.
    habits: Habits { max_events: 10_000, pause_forgives: true, created: "Watcher created" },
    title: "Night's Watch",
    about: "Night's Watch: `/nights-watch/v1/watcher/…` and `/ID`.",
    prefix: "/nights-watch/",
    path: "v1/watcher/",
    one: "watcher",
    many: "watchers",
    noun: "Watcher",
    sender: None,
    zone: "",
    whole_seconds: true,
    pause_clears_late: true,
    configuration: None,
    extras: false,
};

#[cfg(test)]
mod tests {
    use super::super::canaries::{check_seconds, schedule};
    use super::*;

    fn check(text: &str, expected: Result<i64, &str>) {
        check_seconds(text, &DIALECT, expected);
    }

    #[test]
    fn a_watcher_has_whole_seconds() {
        check("3600", Ok(3_600_000));
        check("0", Err("TypeError('numeric periodicities must be positive')"));
        check("-1", Err("TypeError('numeric periodicities must be positive')"));
        let no_integer = r#"ValueError("invalid literal for int() with base 10: '60.0'")"#;
        check("60.0", Err(no_integer));
        assert!(schedule("* * * * * 300", &DIALECT).is_err());
    }
}
