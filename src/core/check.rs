//! Checks: name and declaration.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use thin_vec::ThinVec;

use super::assertion::{Assertion, Finds, FoundBy, Remember, Reported};
use super::reference::Ref;
use super::schedule::Schedule;
use super::time::Span;

pub use super::origin::{Alias, Origin};
pub use super::ping::{Ping, PingKind, Rid};

/// The number that a store gives to a check. It never changes, not even when the check is renamed, and is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub u64);

/// A check's slug: `[a-z0-9][a-z0-9_-]*`, at most [`Name::MAX_BYTES`], without another meaning in a ping's URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// Why a text is not a check's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a name cannot be empty")]
    Empty,
    /// Longer than [`Name::MAX_BYTES`].
    #[error("a name has at most {} characters", Name::MAX_BYTES)]
    TooLong,
    /// A character outside the alphabet, or a first character that is neither letter nor digit.
    #[error("a name is made of a-z, 0-9, _ and -, and begins with a letter or digit")]
    Alphabet,
    /// `start`, `fail`, `log`, digits only, or a UUID.
    #[error("`{0}` means something else in a ping's URL")]
    Reserved(String),
}

impl Name {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// Parses a name. Refuses what would be an action, an exit status or another system's id in a ping's URL.
    pub fn parse(text: &str) -> Result<Name, NameError> {
        let first = text.bytes().next().ok_or(NameError::Empty)?;
        if text.len() > Name::MAX_BYTES {
            return Err(NameError::TooLong);
        }
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if !plain(first) || !text.bytes().all(|b| plain(b) || b == b'_' || b == b'-') {
            return Err(NameError::Alphabet);
        }
        let digits_only = text.bytes().all(|b| b.is_ascii_digit());
        if matches!(text, "start" | "fail" | "log") || digits_only || is_uuid(text) {
            return Err(NameError::Reserved(text.to_owned()));
        }
        Ok(Name(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The title of a check that has no other. It shares the name's text.
    pub fn to_title(&self) -> Arc<str> {
        self.0.clone()
    }
}

/// Lets maps with names as keys be searched by a text from a URL, without building a name first.
impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Everything that is declared about a check. Only [`Definition::spec`] is judged; the rest says who is told what.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Unique among the checks.
    pub name: Name,
    /// Former names, whose identity and history this check continues (10.3).
    pub renamed_from: ThinVec<Name>,
    /// For people. It is the name if nothing else is given.
    pub title: Arc<str>,
    /// The group of the file that declares it, or "".
    pub group: Arc<str>,
    /// The check's own labels, sorted by name.
    pub labels: Arc<[(String, String)]>,
    pub spec: Arc<Spec>,
    /// Free text for people, or "".
    pub description: Arc<str>,
    /// A link to what to do, or "".
    pub runbook_url: Arc<str>,
    /// The ref that the file sets; `None`: it is made of the name (24.1), and [`super::refs::Refs`] knows it.
    pub reference: Option<Ref>,
    /// While one of these checks is late or failing, this check's deliveries are held (8.3).
    pub depends_on: ThinVec<Name>,
    /// Times in which deliveries are held (8.2).
    pub quiet: ThinVec<super::schedule::Quiet>,
    /// The HTTP methods that count as a ping.
    pub ping_methods: PingMethods,
    /// The trailing window of `count_in_window` (3.7), if declared.
    pub window: Option<Span>,
    /// The check's own addresses, which get mail besides the responders' receivers: `a@b` or `Name <a@b>`; at most
    /// [`Definition::MAX_EMAILS`].
    pub emails: ThinVec<String>,
    /// The check's id and slug in another system, if it has one.
    pub alias: Option<Box<Alias>>,
    /// Where the check is declared.
    pub source: Source,
}

impl Definition {
    /// A check with nothing else declared. Its title is its name.
    pub fn new(name: Name, spec: Spec, source: Source) -> Definition {
        Definition {
            title: name.to_title(),
            name,
            renamed_from: ThinVec::new(),
            group: Arc::default(),
            labels: Arc::default(),
            spec: spec.into(),
            description: Arc::default(),
            runbook_url: Arc::default(),
            reference: None,
            depends_on: ThinVec::new(),
            quiet: ThinVec::new(),
            ping_methods: PingMethods::Any,
            window: None,
            emails: ThinVec::new(),
            alias: None,
            source,
        }
    }

    /// The most addresses in [`Definition::emails`].
    pub const MAX_EMAILS: usize = 32;

    /// The value of one of the check's own labels; "" if it does not have the label.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(label, _)| label == name).map_or("", |(_, value)| value)
    }

    /// The window of `count_in_window` if nothing else determines it.
    pub const DEFAULT_WINDOW: Span = Span::mins(24 * 60);

    /// The trailing window of `count_in_window` (3.7).
    pub fn count_window(&self) -> Span {
        let by_schedule = match &self.spec.schedule {
            Schedule::CountedAt(_, expect) | Schedule::Counted(expect) => return expect.within,
            Schedule::Every(period) => *period + self.spec.grace,
            Schedule::Periods(periods) => periods.longest() + self.spec.grace,
            Schedule::At(_) | Schedule::Unscheduled => Definition::DEFAULT_WINDOW,
        };
        self.window.unwrap_or(by_schedule)
    }
}

/// The HTTP methods that a check accepts as a ping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PingMethods {
    /// GET, HEAD, POST and PUT.
    #[default]
    Any,
    /// POST only, so that link previews and crawlers do not ping.
    Post,
}

/// Where a check is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file. Only the file may change the check.
    File {
        /// The path as given on the command line or in `check_files`.
        path: Arc<str>,
        line: SourceLine,
    },
    /// Through an API, which may change it. The check exists only in the database.
    Api,
}

impl Source {
    /// Whether a check that is declared alike stands there already.
    pub fn stands_at(&self, now: &Source) -> bool {
        match (self, now) {
            (Source::File { line, .. }, Source::File { line: now, .. }) => line.get() == now.get(),
            _ => true,
        }
    }

    /// Takes over where the same check stands by now.
    pub fn move_to(&self, now: &Source) {
        if let (Source::File { line, .. }, Source::File { line: now, .. }) = (self, now) {
            line.0.store(now.get(), Ordering::Relaxed);
        }
    }
}

/// Where in its file a check stands, counted from 1. It says nothing of the check and moves with the lines above it, so any
/// two are equal: a comment above a million checks changes none of them (10.2).
#[derive(Debug)]
pub struct SourceLine(AtomicU32);

impl SourceLine {
    /// The line of this number.
    pub fn new(number: u32) -> SourceLine {
        SourceLine(AtomicU32::new(number))
    }

    /// Its number.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clone for SourceLine {
    fn clone(&self) -> SourceLine {
        SourceLine::new(self.get())
    }
}

impl PartialEq for SourceLine {
    fn eq(&self, _: &SourceLine) -> bool {
        true
    }
}

impl Eq for SourceLine {}

/// For people: `checks/dba.yaml:12`, `made through the API`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File { path, line } => write!(f, "{path}:{}", line.get()),
            Source::Api => f.write_str("made through the API"),
        }
    }
}

/// What is judged. Equal specs judge alike, so only a difference here counts as a change (10.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    pub schedule: Schedule,
    /// What should hold: results say whether it does, and pings count for nothing (17.2). `None`: jobs ping it.
    pub assert: Option<Arc<Assertion>>,
    /// How long after the due time a success is still on time.
    pub grace: Span,
    /// How long before an occurrence a ping already serves it (2.2). `None`: 5 s, at most a quarter of the gap.
    pub early: Option<Span>,
    /// The longest time that a run may take (4.2).
    pub max_runtime: Option<Span>,
    /// How soon after the due time a start must be seen (4.3); at most `grace`.
    pub start_within: Option<Span>,
    /// A success sooner than this after its start is a failure (4.4).
    pub min_runtime: Option<Span>,
    /// Whether two runs at the same time are a failure (4.5).
    pub overlap: Overlap,
    /// How many failures in a row make a cause (5.1); at least 1.
    pub failures_before_alert: u32,
    /// How many successes in a row end it (5.1); at least 1.
    pub successes_to_recover: u32,
    /// If set, a ping does not end a pause made at run time (7.2).
    pub manual_resume: bool,
    /// Paused by the file, until the file changes (7.1).
    pub paused: bool,
}

impl Spec {
    /// A spec with only the schedule declared: no grace, and every failure counts.
    pub fn new(schedule: Schedule) -> Spec {
        Spec {
            schedule,
            assert: None,
            grace: Span::ZERO,
            early: None,
            max_runtime: None,
            start_within: None,
            min_runtime: None,
            overlap: Overlap::Allowed,
            failures_before_alert: 1,
            successes_to_recover: 1,
            manual_resume: false,
            paused: false,
        }
    }

    /// How many records a result may name (18.6); `None`: it names none.
    pub fn max_records(&self) -> Option<u32> {
        self.assert.as_deref().and_then(|assertion| assertion.max_records)
    }

    /// How long what it detects is remembered (19.3); `None`: it detects nothing, it asserts.
    pub fn remembers(&self) -> Option<Remember> {
        match self.assert.as_deref()?.finds {
            Finds::Occurring(remember) => Some(remember),
            Finds::Lasting => None,
        }
    }

    /// How long after it was begun by itself a record ends by itself (18.9b); `None`: none does.
    pub fn resolves_after(&self) -> Option<Span> {
        match self.asserts()? {
            FoundBy::Reporter(reported) => reported.resolve_after,
            _ => None,
        }
    }

    /// What should hold, and who says so; `None`: jobs ping it.
    pub fn asserts(&self) -> Option<&FoundBy> {
        self.assert.as_deref().map(|assertion| &assertion.found_by)
    }

    /// Whether results of the other one are about the same (17.3b, 18.8): how long a look may take, and what a row is called, changes
    /// nothing of what it finds.
    pub fn asserts_as(&self, other: &Spec) -> bool {
        let same = match (self.asserts(), other.asserts()) {
            (None, None) => true,
            (Some(one), Some(other)) => one.finds_as(other),
            _ => false,
        };
        same && self.max_records().is_some() == other.max_records().is_some()
            && self.remembers().is_some() == other.remembers().is_some()
    }

    /// Whether punctual looks itself (17.1b).
    pub fn is_probed(&self) -> bool {
        self.asserts().is_some_and(FoundBy::is_probe)
    }

    /// Who reports; `None`: nobody does.
    pub fn reported(&self) -> Option<&Reported> {
        match self.asserts()? {
            FoundBy::Reporter(reported) => Some(reported),
            _ => None,
        }
    }
}

/// What two runs at the same time mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// Nothing.
    #[default]
    Allowed,
    /// A failure (4.5).
    Fail,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_ping_url_would_mistake_are_refused() {
        for good in ["a", "nightly-backup", "etl_ran", "1a", "start-up", "0-0"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        let uuid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        for bad in
            ["", "start", "fail", "log", "17", uuid, "-a", "_a", "A", "a b", "ä", "a/b", &"a".repeat(129)]
        {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }
}
