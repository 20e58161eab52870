//! What a world is made of: its scale, and a random configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use punctual::core::assertion::{Assertion, Finds, FoundBy, Reported};
use punctual::core::cause::{CauseKind, Family};
use punctual::core::check::{Definition, Name, Overlap, Source, SourceLine, Spec};
use punctual::core::cron::Cron;
use punctual::core::periods::Periods;
use punctual::core::retention::Retention;
use punctual::core::route::{Action, Matcher, Policy, ReceiverName, ReceiverPolicy, Responder};
use punctual::core::schedule::{Expect, Occurrences, Quiet, Schedule};
use punctual::core::time::{Span, Time};
use punctual::store::Configuration;

use crate::rng::Rng;
use punctual::core::zone::Zone;

/// 2026-03-10, and the days around both changes of the clock in Berlin.
const STARTS: [i64; 3] = [1_773_100_800, 1_774_656_000, 1_792_800_000];

/// How fast things happen. All facts lie on the grid.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) grid: Span,
    pub(crate) start: Time,
    /// While things go wrong.
    pub(crate) stormy: Span,
    /// After that, until everything must have settled.
    pub(crate) calm: Span,
    /// The most time between two signs of life.
    pub(crate) life: Span,
    /// The mean time between two doings of operators, and between two deaths.
    pub(crate) unrest: Span,
    pub(crate) is_short: bool,
}

impl Scale {
    pub(crate) fn random(rng: &mut Rng) -> Scale {
        if rng.percent(67) {
            return Scale::short(rng);
        }
        Scale {
            grid: Span::mins(1),
            start: Time::from_secs(rng.pick(&STARTS[1..])),
            stormy: Span::mins(54 * 60),
            calm: Span::mins(180),
            life: Span::mins(15),
            unrest: Span::mins(150),
            is_short: false,
        }
    }

    /// Of seconds and minutes.
    pub(crate) fn short(rng: &mut Rng) -> Scale {
        Scale {
            grid: Span::secs(1),
            start: Time::from_secs(rng.pick(&STARTS) + 43_200),
            stormy: Span::mins(25),
            calm: Span::mins(13),
            life: Span::secs(5),
            unrest: Span::secs(75),
            is_short: true,
        }
    }

    /// The last point of the grid, the time included.
    pub(crate) fn on_grid_before(&self, time: Time) -> Time {
        let grid = self.grid.as_ms();
        let since = (time - self.start).as_ms();
        self.start + Span::ms(since.div_euclid(grid) * grid)
    }

    pub(crate) fn end(&self) -> Time {
        self.start + self.stormy + self.calm
    }
}

/// `label="value"`, understood without the code's matchers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

impl Wish {
    pub(crate) fn matcher(&self) -> String {
        format!("{}=\"{}\"", self.label, self.value)
    }

    /// Whether it matches a check that is bad for this reason (9.6: or would have been).
    pub(crate) fn matches(&self, check: &Definition, kind: CauseKind, would_be: Option<CauseKind>) -> bool {
        let family = |kind: CauseKind| match kind.family() {
            Family::Late => "late",
            Family::Failing => "failing",
            Family::Unknown => "unknown",
            Family::Occurred => "occurred",
        };
        let as_one = |kind: CauseKind| match self.label {
            "check" => self.value == check.name.as_str(),
            "group" => *self.value == *check.group,
            "reason" => self.value == kind.as_str(),
            "status" => self.value == family(kind),
            label => check.labels.iter().any(|(name, value)| name == label && *value == self.value),
        };
        as_one(kind) || would_be.is_some_and(as_one)
    }
}

/// A responder as the model understands it.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) wish: Option<Wish>,
    pub(crate) actions: Vec<Action>,
}

/// All files, and whom they tell.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) checks: Vec<Definition>,
    pub(crate) watches: Vec<Watch>,
    pub(crate) defaults: Vec<ReceiverName>,
    pub(crate) receivers: BTreeMap<ReceiverName, ReceiverPolicy>,
    pub(crate) retention: Retention,
}

/// What the action of a check's own addresses is known by (16.4).
pub(crate) fn own_action() -> Action {
    Action::new("emails/".into(), Span::ZERO, None)
}

/// How messages leave for one of these receivers; 16.4 for a check's own.
pub(crate) fn policy_of(
    receivers: &BTreeMap<ReceiverName, ReceiverPolicy>,
    name: &str,
) -> Option<ReceiverPolicy> {
    let own = ReceiverPolicy {
        send_resolved: true,
        group_wait: Span::ZERO,
        give_up_after: Span::mins(24 * 60),
        max_members: 1,
        include_output: true,
    };
    if name.starts_with("emails/") { Some(own) } else { receivers.get(name).cloned() }
}

impl Files {
    pub(crate) fn receiver(&self, name: &str) -> Option<ReceiverPolicy> {
        policy_of(&self.receivers, name)
    }

    pub(crate) fn configuration(&self) -> Configuration {
        let responder = |watch: &Watch| {
            let text = watch.wish.as_ref().map_or("group=~\".*\"".to_owned(), Wish::matcher);
            Responder { matchers: Matcher::parse_list(&text).unwrap(), actions: watch.actions.clone() }
        };
        let policy = Policy {
            responders: self.watches.iter().map(responder).collect(),
            default_receivers: self.defaults.clone(),
            administrators: Vec::new(),
            receivers: self.receivers.clone(),
        };
        Configuration {
            checks: self.checks.clone(),
            policy: Arc::new(policy),
            retention: self.retention.clone(),
            max_checks: 1000,
            allow_mass_removal: true,
            changed_receivers: BTreeSet::new(),
        }
    }

    pub(crate) fn random(rng: &mut Rng, scale: &Scale) -> Files {
        let names = ["pager", "chat", "mail"];
        let receivers: BTreeMap<ReceiverName, ReceiverPolicy> = names
            .iter()
            .map(|name| {
                let policy = ReceiverPolicy {
                    send_resolved: *name != "chat" || rng.percent(50),
                    group_wait: rng.pick(&[Span::ZERO, Span::secs(5)]),
                    give_up_after: rng.pick(&[Span::mins(24 * 60), Span::mins(24 * 60), Span::mins(6)]),
                    max_members: rng.pick(&[1, 2, 3, 256]),
                    include_output: true,
                };
                ((*name).into(), policy)
            })
            .collect();
        let mut checks = vec![good(rng, scale), dead(rng, scale)];
        for number in 2..4 + rng.below(4) {
            checks.push(random_check(rng, scale, number));
        }
        if rng.percent(60) {
            let on = checks[1 + rng.below(checks.len() - 2)].name.clone();
            checks.last_mut().unwrap().depends_on = vec![on].into();
        }
        let retention = Retention::default();
        Files { checks, watches: watches(rng, scale), defaults: vec!["mail".into()], receivers, retention }
    }
}

fn watches(rng: &mut Rng, scale: &Scale) -> Vec<Watch> {
    let wishes = [
        None,
        Some(("team", "dba")),
        Some(("status", "late")),
        Some(("reason", "failed")),
        Some(("group", "g1")),
        Some(("check", "c3")),
    ];
    let mut watches = Vec::new();
    for _ in 0..1 + rng.below(3) {
        let wish = rng.pick(&wishes).map(|(label, value)| Wish { label, value: value.to_owned() });
        let mut actions: Vec<Action> = Vec::new();
        for _ in 0..1 + rng.below(2) {
            let after = rng.pick(&[Span::ZERO, Span::ZERO, Span::secs(30), scale.grid + scale.grid]);
            let receiver: ReceiverName = rng.pick(&["pager", "chat", "mail"]).into();
            let repeat = rng.pick(&[None, None, Some(scale.life + scale.life + Span::secs(100))]);
            // Of two with one receiver and one delay only one would be told (12.2).
            if !actions.iter().any(|other| (&other.receiver, other.after) == (&receiver, after)) {
                actions.push(Action::new(receiver, after, repeat));
            }
        }
        watches.push(Watch { wish, actions });
    }
    watches
}

pub(crate) fn definition(name: &str, spec: Spec) -> Definition {
    let source = Source::File { path: "checks.yaml".into(), line: SourceLine::new(1) };
    Definition { group: "g0".into(), ..Definition::new(Name::parse(name).unwrap(), spec, source) }
}

pub(crate) fn spec(schedule: Schedule, grace: Span) -> Spec {
    Spec { grace, ..Spec::new(schedule) }
}

/// Its job is always on time, and tries until it is heard or runs again. Nobody touches it.
fn good(rng: &mut Rng, scale: &Scale) -> Definition {
    let units = |count: i64| Span::ms(scale.grid.as_ms() * count);
    if scale.is_short && rng.percent(40) {
        let (period, grace) = (rng.times(scale.grid, 3, 10), rng.times(scale.grid, 1, 2));
        return definition("good", spec(Schedule::Every(period), grace));
    }
    definition("good", spec(Schedule::Every(units(60)), units(10)))
}

/// Its job never runs. Nobody touches it.
pub(crate) fn dead(rng: &mut Rng, scale: &Scale) -> Definition {
    let cron = random_cron(rng, scale);
    let period = if scale.is_short { Span::secs(90) } else { Span::mins(120) };
    let schedule = rng.pick(&[Schedule::Every(period), Schedule::At(cron)]);
    definition("dead", spec(schedule, Span::ms(scale.grid.as_ms() * 5)))
}

pub(crate) fn random_check(rng: &mut Rng, scale: &Scale, number: usize) -> Definition {
    let mut check = definition(&format!("c{number}"), random_spec(rng, scale));
    check.group = format!("g{}", rng.below(3)).into();
    let mut labels = Vec::new();
    if rng.percent(50) {
        labels.push(("team".to_owned(), rng.pick(&["dba", "web"]).to_owned()));
    }
    if rng.percent(60) {
        let severity = rng.pick(&["critical", "error", "warning", "info", "page"]);
        labels.push(("severity".to_owned(), severity.to_owned()));
    }
    check.labels = labels.into();
    if rng.percent(20) {
        let cron = if scale.is_short { "*/10 * * * *" } else { "0 22 * * *" };
        let lasts = if scale.is_short { Span::mins(2) } else { Span::mins(6 * 60) };
        check.quiet = vec![Quiet { at: occurrences(cron), lasts }].into();
    }
    check
}

/// Another team, and everything else as before.
pub(crate) fn join_team(labels: &mut Arc<[(String, String)]>, rng: &mut Rng) {
    let team = ("team".to_owned(), rng.pick(&["dba", "web"]).to_owned());
    let others = labels.iter().filter(|(name, _)| name != "team").cloned();
    *labels = std::iter::once(team).chain(others).collect();
}

fn occurrences(cron: &str) -> Occurrences {
    Occurrences {
        cron: Cron::parse(cron).unwrap(),
        zone: Zone::bundled("Europe/Berlin").expect("it is built in"),
    }
}

pub(crate) fn random_cron(rng: &mut Rng, scale: &Scale) -> Occurrences {
    let short = ["* * * * *", "*/2 * * * *", "*/5 * * * *", "1-59/3 * * * *"];
    // Half past two does not exist on one of these days, and comes twice on another.
    let long = ["30 2 * * *", "0 */3 * * *", "15 * * * *", "0 2,14 * * *", "0 3 * * 1-5", "30 1-3 * * *"];
    occurrences(if scale.is_short { rng.pick(&short) } else { rng.pick(&long) })
}

/// A random period of this scale.
fn random_period(rng: &mut Rng, scale: &Scale) -> Span {
    if scale.is_short { rng.times(scale.grid, 20, 180) } else { rng.times(scale.grid, 30, 400) }
}

/// Ranges, gaps, and ranges that follow each other, of this scale.
fn random_periods(rng: &mut Rng, scale: &Scale) -> Periods {
    let short = ["*/2 * * * * 40; 1-59/2 * * * * 90", "*/3 * * * * 30", "0-29 * * * * 50; 35-59 * * * * 180"];
    let long =
        ["* 0-11 * * * 3600; * 12-20 * * * 7200", "* * * * 1-5 9000; * 8 * * 6 900", "30 */4 * * * 5400"];
    Periods::parse(if scale.is_short { rng.pick(&short) } else { rng.pick(&long) }).unwrap()
}

/// What is due at times: every, periods or cron.
pub(crate) fn random_due(rng: &mut Rng, scale: &Scale) -> Schedule {
    if rng.percent(50) {
        Schedule::Every(random_period(rng, scale))
    } else if rng.percent(20) {
        Schedule::Periods(random_periods(rng, scale))
    } else {
        Schedule::At(random_cron(rng, scale))
    }
}

pub(crate) fn random_spec(rng: &mut Rng, scale: &Scale) -> Spec {
    let kind = rng.below(10);
    let mut made = match kind {
        0 if scale.is_short && rng.percent(40) => {
            spec(Schedule::Every(rng.times(scale.grid, 3, 10)), rng.times(scale.grid, 0, 2))
        }
        0..=6 => {
            let grace = rng.times(scale.grid, 0, 25);
            spec(random_due(rng, scale), grace)
        }
        7 | 8 => spec(Schedule::CountedAt(random_cron(rng, scale), random_expect(rng, scale)), Span::ZERO),
        _ => spec(Schedule::Counted(random_expect(rng, scale)), Span::ZERO),
    };
    if kind > 6 {
        made.grace = rng.times(scale.grid, 0, 20);
    } else {
        vary_runs(rng, scale, &mut made);
    }
    made.failures_before_alert = rng.pick(&[1, 1, 2]);
    made.successes_to_recover = rng.pick(&[1, 1, 2]);
    made.manual_resume = rng.percent(15);
    assert_something(scale, &mut made);
    made
}

/// §17: of those whose runs nobody looks at, some assert something; of these some at no time in particular.
fn assert_something(scale: &Scale, spec: &mut Spec) {
    let has_runs = spec.max_runtime.is_some() || spec.start_within.is_some() || spec.min_runtime.is_some();
    let is_due = matches!(spec.schedule, Schedule::Every(_) | Schedule::At(_));
    if has_runs || !is_due || spec.failures_before_alert + spec.successes_to_recover < 3 {
        return;
    }
    let number = spec.grace.as_ms() / scale.grid.as_ms();
    let assertion = Assertion {
        found_by: FoundBy::Reporter(Reported { reporter: "shop".into(), ..Reported::default() }),
        unknowns_before_alert: 1 + (number % 3) as u32,
        max_records: None,
        finds: Finds::Lasting,
    };
    spec.assert = Some(assertion.into());
    if number % 4 == 0 {
        spec.schedule = Schedule::Unscheduled;
    }
}

/// §4
pub(crate) fn vary_runs(rng: &mut Rng, scale: &Scale, spec: &mut Spec) {
    spec.max_runtime = rng.percent(45).then(|| rng.times(scale.grid, 5, 40));
    let half = Span::ms(spec.grace.as_ms() / 2 / scale.grid.as_ms() * scale.grid.as_ms());
    spec.start_within = (rng.percent(30) && half > Span::ZERO).then_some(half);
    spec.min_runtime = rng.percent(20).then(|| rng.times(scale.grid, 2, 4));
    if spec.max_runtime.is_some() && rng.percent(30) {
        spec.overlap = Overlap::Fail;
    }
}

fn random_expect(rng: &mut Rng, scale: &Scale) -> Expect {
    let at_least = rng.percent(80).then(|| 1 + rng.below(3) as u32);
    let at_most =
        (at_least.is_none() || rng.percent(50)).then(|| at_least.unwrap_or(0) + rng.below(3) as u32);
    let within = if scale.is_short { rng.times(scale.grid, 40, 200) } else { rng.times(scale.grid, 60, 400) };
    Expect { at_least, at_most, within }
}
