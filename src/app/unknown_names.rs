//! Names that are pinged and that no check has: a job is new and not declared yet, or its name is mistyped. Here is what
//! declares them.

use super::actor::Actor;
use super::not_done::NotDone;
use super::said::check_name;
use super::services::Services;
use crate::core::check::{Name, NameError};
use crate::core::time::{Span, Time};
use crate::store::UnknownName;
use crate::store::command::StoreCommand;
use crate::store::live::Live;

/// What is proposed where nothing is known of how often a job runs.
const ONCE_A_DAY: Span = Span::mins(24 * 60);
/// How often jobs run, in minutes.
const USUAL: [i64; 15] =
    [1, 5, 10, 15, 30, 60, 120, 180, 240, 360, 480, 720, 24 * 60, 7 * 24 * 60, 31 * 24 * 60];
/// Words that YAML takes for something else than a text.
const NO_TEXTS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// All of them, the one that was pinged last first. Those that a check has by now are forgotten.
pub fn list(live: &Live) -> Vec<UnknownName> {
    let mut names = live.unknown_names();
    names.retain(|known| live.find(&known.name).is_none());
    let mut list: Vec<UnknownName> = names.iter().cloned().collect();
    drop(names);
    list.sort_by(|one, two| two.last.cmp(&one.last).then_with(|| one.name.cmp(&two.name)));
    list
}

/// Those of them that were pinged within [`UnknownName::RECENT`].
pub fn recent(live: &Live, now: Time) -> Vec<UnknownName> {
    let mut list = list(live);
    list.retain(|known| now - known.last < UnknownName::RECENT);
    list
}

/// Has one of them forgotten, or all. Answers how many went.
pub async fn forget(services: &Services, actor: &Actor, name: Option<&str>) -> Result<usize, NotDone> {
    check_name(actor)?;
    let (wanted, by) = (name.map(str::to_owned), actor.name());
    let command = |answer| StoreCommand::ForgetUnknownNames(wanted, by, answer);
    let count = services.command(actor, command).await??;
    if let (0, Some(name)) = (count, name) {
        return Err(NotDone::NoSuchUnknownName(name.to_owned()));
    }
    actor.log(&format!("names that no check has are forgotten: {count}"));
    Ok(count)
}

/// How often the job seems to run, as `every` says it.
pub fn proposed_every(known: &UnknownName) -> Span {
    let Some(interval) = known.interval() else { return ONCE_A_DAY };
    let usual = USUAL.map(Span::mins);
    // A run that took a little longer is no rarer.
    let fits = |usual: &Span| interval.as_ms() <= usual.as_ms() + usual.as_ms() / 20;
    usual.into_iter().find(fits).unwrap_or(usual[USUAL.len() - 1])
}

/// The item of `checks:` that declares it, in one line; or why no check can be called so.
pub fn yaml(known: &UnknownName) -> Result<String, NameError> {
    let name = Name::parse(&known.name)?;
    let is_text =
        !NO_TEXTS.contains(&name.as_str()) && !name.as_str().starts_with(|c: char| c.is_ascii_digit());
    let quote = if is_text { "" } else { "\"" };
    Ok(format!("- {{name: {quote}{name}{quote}, every: {}}}", proposed_every(known)))
}

/// A file with the checks of these, each with what is known of its pings; `None`: no check can be called so.
pub fn file_of<'n>(names: impl IntoIterator<Item = &'n UnknownName>) -> Option<String> {
    let line = |known: &UnknownName| {
        let UnknownName { first, last, count, source, .. } = known;
        let pings = if *count == 1 { "ping" } else { "pings" };
        let item = yaml(known).ok()?;
        Some(format!("  # {count} {pings}, {first} to {last}, from {source}\n  {item}\n"))
    };
    let lines: String = names.into_iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| format!("checks:\n{lines}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigFiles, KnownDoor};

    fn known(name: &str, ends: u64, lasts: Span) -> UnknownName {
        let first = Time::from_secs(1_774_656_000);
        let source = [10, 0, 3, 7].into();
        UnknownName { name: name.to_owned(), first, last: first + lasts, count: ends, ends, source }
    }

    #[test]
    fn what_is_proposed_is_how_often_the_job_runs() {
        let check = |ends, lasts, expected| {
            assert_eq!(proposed_every(&known("a", ends, lasts)).to_string(), expected, "{ends} in {lasts}");
        };
        check(1, Span::ZERO, "1d");
        check(2, Span::mins(5), "1d");
        check(3, Span::mins(10), "5m");
        check(3, Span::secs(602), "5m");
        check(25, Span::mins(24 * 60 + 30), "1h");
        check(8, Span::mins(7 * 24 * 60), "1d");
        check(3, Span::mins(900 * 24 * 60), "31d");
        check(100, Span::secs(3), "1m");
    }

    #[test]
    fn what_declares_them_is_read_as_these_names() {
        let names =
            ["nightly", "null", "1e3", "no", "0x1f", "a_b-c"].map(|name| known(name, 3, Span::mins(2)));
        let bad = known("Nightly Backup\u{1b}", 1, Span::ZERO);
        assert!(yaml(&bad).is_err());
        let text = file_of(names.iter().chain([&bad])).expect("some can be declared");
        assert!(
            text.contains("  # 3 pings, 2026-03-28T00:00:00Z to 2026-03-28T00:02:00Z, from 10.0.3.7\n"),
            "{text}"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let main = folder.path().join("main.yaml");
        std::fs::write(&main, &text).expect("it can be written");
        let doors = Box::leak(Box::new(crate::config::DoorKeys::new(std::iter::empty::<KnownDoor>(), &[])));
        let config =
            ConfigFiles { main, web: None, allow_exec: false }.load(doors).expect("it is a configuration");
        let read: Vec<String> = config.checks.iter().map(|check| check.name.to_string()).collect();
        assert_eq!(read, names.map(|known| known.name));
        assert_eq!(file_of([&bad]), None);
    }
}
