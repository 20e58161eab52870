//! What should hold, and what a look at it came to (§17).

use std::fmt;
use std::sync::Arc;

use super::ping::{Ping, PingKind, Rid};
use super::probe::{ExecProbe, HttpProbe, ProbeKind, PromqlProbe, SqlProbe};
use super::time::{Span, Time};

/// A condition that a check states (17.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assertion {
    /// Who looks whether it holds, and at what.
    pub found_by: FoundBy,
    /// So many unknown results in a row are a cause (17.4); at least 1.
    pub unknowns_before_alert: u32,
    /// How many records a result may name (18.6), at most [`super::record::NamedRecords::MOST`]; `None`: it names none.
    pub max_records: Option<u32>,
    /// Whether what is found lasts.
    pub finds: Finds,
}

/// What a record is that an assertion finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finds {
    /// Something that lasts until it is not found any more, which is bad (`assert`, §18).
    Lasting,
    /// An occurrence: it happened, and does not last (`detect`, §19).
    Occurring(Remember),
}

/// How long a key that occurred is remembered, so that whatever finds it again is not told (19.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remember {
    /// From the time at which it occurred.
    For(Span),
    Forever,
}

impl fmt::Display for Remember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remember::For(span) => span.fmt(f),
            Remember::Forever => f.write_str(Remember::FOREVER),
        }
    }
}

impl Remember {
    /// The shortest time.
    pub const MIN: Span = Span::mins(1);
    /// The longest, but for ever.
    pub const MAX: Span = Span::mins(3650 * 24 * 60);
    /// The word for ever, in files.
    pub const FOREVER: &str = "forever";

    /// From when on what occurred then is new again; `None`: never.
    pub fn until(self, occurred_at: Time) -> Option<Time> {
        match self {
            Remember::For(span) => Some(occurred_at + span),
            Remember::Forever => None,
        }
    }

    /// Whether what occurred then is not remembered any more.
    pub fn is_over(self, occurred_at: Time, now: Time) -> bool {
        self.until(occurred_at).is_some_and(|until| until <= now)
    }
}

/// Who looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FoundBy {
    /// A program, which reports it.
    Reporter(Reported),
    /// punctual itself, by a request.
    Http(HttpProbe),
    /// By a query that it asks a Prometheus.
    Promql(PromqlProbe),
    /// By a query that it asks a database.
    Sql(SqlProbe),
    /// By a command of this machine.
    Exec(ExecProbe),
}

impl FoundBy {
    /// How punctual looks itself; `None`: a program reports it.
    pub fn probe(&self) -> Option<ProbeKind> {
        match self {
            FoundBy::Reporter(_) => None,
            FoundBy::Http(_) => Some(ProbeKind::Http),
            FoundBy::Promql(_) => Some(ProbeKind::Promql),
            FoundBy::Sql(_) => Some(ProbeKind::Sql),
            FoundBy::Exec(_) => Some(ProbeKind::Exec),
        }
    }

    /// How long a look of punctual's own may take, where its period is long enough (17.6).
    pub fn timeout(&self) -> Option<Span> {
        match self {
            FoundBy::Reporter(_) => None,
            FoundBy::Http(HttpProbe { timeout, .. })
            | FoundBy::Promql(PromqlProbe { timeout, .. })
            | FoundBy::Sql(SqlProbe { timeout, .. })
            | FoundBy::Exec(ExecProbe { timeout, .. }) => Some(*timeout),
        }
    }

    /// Whether punctual looks itself: then nobody else reports, and no result is late (17.10).
    pub fn is_probe(&self) -> bool {
        self.probe().is_some()
    }

    /// Whether it finds what the other one finds, whatever a row is called and however long it takes.
    pub fn finds_as(&self, other: &FoundBy) -> bool {
        match (self, other) {
            (FoundBy::Http(one), FoundBy::Http(other)) => {
                *one == HttpProbe { timeout: one.timeout, ..other.clone() }
            }
            (FoundBy::Promql(one), FoundBy::Promql(other)) => {
                *one == PromqlProbe { timeout: one.timeout, title: one.title.clone(), ..other.clone() }
            }
            (FoundBy::Sql(one), FoundBy::Sql(other)) => {
                *one == SqlProbe { timeout: one.timeout, title: one.title.clone(), ..other.clone() }
            }
            (FoundBy::Exec(one), FoundBy::Exec(other)) => {
                *one == ExecProbe { timeout: one.timeout, ..other.clone() }
            }
            (FoundBy::Reporter(one), FoundBy::Reporter(other)) => {
                *one == Reported { resolve_after: one.resolve_after, ..other.clone() }
            }
            (one, other) => one == other,
        }
    }

    /// Whether what violates may be named one by one (18.3): an answer is well or not, and where a row is wanted none violates.
    pub fn may_name_records(&self) -> bool {
        match self {
            FoundBy::Reporter(_) | FoundBy::Promql(_) => true,
            FoundBy::Sql(probe) => !probe.wants_some,
            FoundBy::Exec(probe) => probe.names_records,
            FoundBy::Http(_) => false,
        }
    }
}

impl Assertion {
    /// `unknowns_before_alert` where nothing is said.
    pub const DEFAULT_UNKNOWNS: u32 = 3;
}

/// Who reports, and two values for them that mean nothing here (17.9). Each is "" where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reported {
    /// Which program: it asks what is due by this name.
    pub reporter: Arc<str>,
    /// Which of its functions, for example.
    pub by: Arc<str>,
    /// JSON.
    pub args: Arc<str>,
    /// So long after it was begun by itself, the last time, a record ends by itself (18.9b); `None`: it does not.
    pub resolve_after: Option<Span>,
}

impl Reported {
    /// The longest name of a reporter and of what it reports by, in bytes.
    pub const MAX_NAME_BYTES: usize = 200;
    /// The longest `args`, in bytes.
    pub const MAX_ARGS_BYTES: usize = 4096;
}

/// What a look at an assertion came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Violated,
    /// Whoever looked cannot tell: neither of the two.
    Unknown,
}

impl Outcome {
    /// All there are.
    pub const ALL: [Outcome; 3] = [Outcome::Holds, Outcome::Violated, Outcome::Unknown];

    /// The word in the API and on pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Holds => "holds",
            Outcome::Violated => "violated",
            Outcome::Unknown => "unknown",
        }
    }

    /// As what it is kept among the pings (17.2).
    pub fn kept_as(self) -> PingKind {
        match self {
            Outcome::Holds => PingKind::Success,
            Outcome::Violated => PingKind::Fail,
            Outcome::Unknown => PingKind::Log,
        }
    }

    /// What a ping of this kind is, if it is a result; `None`: none is kept so.
    pub fn of_kept(kind: PingKind) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.kept_as() == kind)
    }
}

/// The part of a result that is judged (17.1). Why it is unknown, its text and its source are facts that no rule looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionResult {
    pub outcome: Outcome,
    /// How long the look took, if that is known.
    pub took: Option<Span>,
    pub records: Naming,
    /// Which look, if whoever reports may do so again (17.2d).
    pub rid: Option<Rid>,
}

impl AssertionResult {
    /// One that says nothing of records, nor which look it was.
    pub fn new(outcome: Outcome, took: Option<Span>) -> AssertionResult {
        AssertionResult { outcome, took, records: Naming::Nothing, rid: None }
    }

    /// The ping that it is kept as (17.2).
    pub fn kept_as(&self) -> Ping {
        Ping { kind: self.outcome.kept_as(), rid: self.rid.clone(), exit_status: None }
    }
}

/// Whether a result names what violates the assertion (18.3). What becomes of those is no matter of the check's own state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// It is about the assertion as a whole.
    Nothing,
    /// All of them.
    All,
    /// More than the check allows for (18.6).
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 17.2
    #[test]
    fn a_result_is_kept_as_a_ping_and_read_back() {
        let kept = Outcome::ALL.map(Outcome::kept_as);
        assert_eq!(kept, [PingKind::Success, PingKind::Fail, PingKind::Log]);
        assert_eq!(kept.map(Outcome::of_kept), Outcome::ALL.map(Some));
        assert_eq!(Outcome::of_kept(PingKind::Start), None);
    }
}
