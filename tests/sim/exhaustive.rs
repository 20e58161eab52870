//! `step` over all sequences of up to six letters; a letter is a stretch of time and an input at its end.
//!
//! Sequences that lead to the same state, by the code and by the model, are followed once and counted as often as they
//! are: so every sequence is covered, though only some millions of steps are made.

use std::collections::HashMap;

use punctual::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Outcome, Reported};
use punctual::core::blind::{BlindWindows, Window};
use punctual::core::cause::{CauseKind, Family, Status};
use punctual::core::check::{Overlap, Ping, PingKind, Rid, Spec};
use punctual::core::cron::Cron;
use punctual::core::refusals::Refused;
use punctual::core::schedule::{Expect, Occurrences, Schedule};
use punctual::core::state::State;
use punctual::core::step::{Flip, FlipReason, Input, Step, deadline, step, view};
use punctual::core::time::{Span, Time};

use crate::model::{Model, Plan};
use punctual::core::zone::Zone;

const LENGTH: u32 = 6;

/// An input.
#[derive(Clone, Copy, Debug)]
enum Symbol {
    Success(Option<&'static str>),
    Fail,
    /// A result, where something is asserted.
    Found(Outcome),
    Start(Option<&'static str>),
    Tick,
    Pause,
    Unpause,
    Refused,
    /// From the first spec to the second, and back.
    Change,
    /// The same, counted from what the deadline counts from.
    Rearm,
    ArchiveOrReturn,
}

/// The time before an input.
#[derive(Clone, Copy, Debug)]
enum Stretch {
    /// In seconds.
    Awake(i64),
    /// In seconds: all of it is a blind window.
    Away(i64),
}

impl Stretch {
    fn secs(self) -> i64 {
        let (Stretch::Awake(secs) | Stretch::Away(secs)) = self;
        secs
    }
}

/// What a sequence is made of.
type Letter = (Stretch, Symbol);

struct Case {
    name: &'static str,
    specs: Vec<Spec>,
    alphabet: Vec<Letter>,
    /// All lengths of time are multiples of it, in seconds.
    grid: i64,
}

/// Where a sequence has led. Equal nodes have equal futures.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Node {
    spec: usize,
    now: Time,
    state: State,
    blind: Vec<(Time, Time)>,
    model: Model,
}

/// How many sequences lead to a node, and one of them.
struct Reached {
    sequences: u64,
    path: Vec<Letter>,
}

struct Run<'a> {
    case: &'a Case,
    plans: Vec<Plan>,
    steps: u64,
}

fn every(period: i64, grace: i64) -> Spec {
    Spec { grace: Span::secs(grace), ..Spec::new(Schedule::Every(Span::secs(period))) }
}

fn at(cron: &str) -> Occurrences {
    Occurrences { cron: Cron::parse(cron).unwrap(), zone: Zone::UTC }
}

fn exhaust(case: &Case) {
    let start = Time::from_secs(0);
    let longest = case.alphabet.iter().map(|(stretch, _)| stretch.secs()).max().unwrap_or(0);
    let horizon = Time::from_secs(i64::from(LENGTH) * longest + 7200);
    let plans: Vec<Plan> = case.specs.iter().map(|spec| Plan::new(spec, start, horizon)).collect();
    let first = Node {
        spec: 0,
        now: start,
        state: State::declared(&case.specs[0], start),
        blind: Vec::new(),
        model: Model::declared(&plans[0], start),
    };
    let mut run = Run { case, plans, steps: 0 };
    let mut level = HashMap::from([(first, Reached { sequences: 1, path: Vec::new() })]);
    let mut sequences = 0;
    for length in 1..=LENGTH {
        let mut next: HashMap<Node, Reached> = HashMap::new();
        sequences = 0;
        for (node, reached) in &level {
            for letter in &case.alphabet {
                let mut path = reached.path.clone();
                path.push(*letter);
                let made = run.follow(node, *letter, &path);
                sequences += reached.sequences;
                if length < LENGTH {
                    next.entry(made).or_insert(Reached { sequences: 0, path }).sequences += reached.sequences;
                }
            }
        }
        level = next;
    }
    let choices = case.alphabet.len() as u64;
    assert_eq!(sequences, choices.pow(LENGTH), "{}: not every sequence was covered", case.name);
    eprintln!("{}: {sequences} sequences of {LENGTH} inputs, {} steps", case.name, run.steps);
}

impl Run<'_> {
    /// Makes one step from a node, and holds it to every invariant.
    fn follow(&mut self, node: &Node, (stretch, symbol): Letter, path: &[Letter]) -> Node {
        self.steps += 1;
        let story = || format!("{}: {path:?}", self.case.name);
        let grid = Span::secs(self.case.grid);
        let mut made = node.clone();
        let now = node.now + Span::secs(stretch.secs());
        made.now = now;
        if matches!(stretch, Stretch::Away(_)) {
            made.blind.push((node.now, now));
            made.model.blind(node.now, now);
        }
        let mut blind = BlindWindows::default();
        made.blind.iter().for_each(|(from, to)| drop(blind.add(Window { from: *from, to: *to })));
        let spec = &self.case.specs[node.spec];
        let input = self.input(&mut made, symbol);
        let after = step(spec, node.state.clone(), &input, now, &blind);
        let new_spec = &self.case.specs[made.spec];

        assert_flips(&node.state, &after, node.now, now, &story);
        assert_counters(&node.state, &after, &input, &story);
        assert_ticks_change_nothing(spec, node, &input, &after, now, &blind, &story);
        assert_settled(new_spec, &after.state, now, &blind, &story);

        self.tell_model(&mut made, node.spec, &input, grid);
        let causes: Vec<_> = after.state.causes.iter().map(|c| (c.kind, c.since, c.would_be)).collect();
        assert_eq!(causes, made.model.causes(), "the model judges otherwise (right): {}", story());
        assert_eq!(after.state.archived.is_some(), made.model.archived, "{}", story());
        let paused = !made.model.archived && made.model.is_paused();
        assert_eq!(after.state.pause.since().is_some(), paused, "the model pauses otherwise: {}", story());
        made.state = after.state;
        made
    }

    fn input(&self, made: &mut Node, symbol: Symbol) -> Input {
        let rid = |rid: Option<&str>| rid.map(|rid| Rid::parse(rid).unwrap());
        let ping = |kind, rid| Input::Ping(Ping { kind, rid, exit_status: None });
        let found = |outcome| Input::Result(AssertionResult::new(outcome, None));
        let asserts = self.case.specs[made.spec].assert.is_some();
        match symbol {
            Symbol::Found(outcome) if asserts => found(outcome),
            // The store refuses it (17.2).
            Symbol::Found(_) => Input::Tick,
            Symbol::Success(_) | Symbol::Fail | Symbol::Start(_) if asserts => Input::Tick,
            Symbol::Success(id) => ping(PingKind::Success, rid(id)),
            Symbol::Fail => ping(PingKind::Fail, None),
            Symbol::Start(id) => ping(PingKind::Start, rid(id)),
            Symbol::Tick => Input::Tick,
            Symbol::Pause => Input::Pause,
            Symbol::Unpause => Input::Unpause,
            Symbol::Refused => Input::Refused(Refused::once(made.now)),
            Symbol::Change => {
                made.spec = (made.spec + 1) % self.case.specs.len();
                Input::Change(self.case.specs[made.spec].clone().into())
            }
            Symbol::Rearm => {
                made.spec = (made.spec + 1) % self.case.specs.len();
                let State { armed_since, last_discharge, .. } = made.state;
                let from = last_discharge.map_or(armed_since, |at| at.max(armed_since));
                Input::Rearm { spec: self.case.specs[made.spec].clone().into(), from }
            }
            Symbol::ArchiveOrReturn if made.state.archived.is_none() => Input::Archive,
            Symbol::ArchiveOrReturn => Input::Return(self.case.specs[made.spec].clone().into()),
        }
    }

    fn tell_model(&self, made: &mut Node, old_spec: usize, input: &Input, grid: Span) {
        let (old, new) = (&self.plans[old_spec], &self.plans[made.spec]);
        made.model.walk(old, made.now, grid);
        match input {
            Input::Ping(ping) => {
                made.model.ping(old, ping, made.now);
            }
            Input::Result(result) => {
                made.model.result(old, result, made.now);
            }
            Input::Tick => {}
            Input::Records(_) => unreachable!("no letter says so"),
            Input::Pause => made.model.pause(None, made.now),
            Input::PauseAndForgive | Input::PauseUntil(_) | Input::SetBack => {
                unreachable!("no letter says so")
            }
            Input::Unpause => made.model.unpause(made.now),
            Input::Refused(refused) => made.model.refuse(*refused),
            Input::Change(_) => made.model.change(old, new, made.now),
            Input::Rearm { from, .. } => made.model.rearm(old, new, *from, made.now),
            Input::Archive => made.model.archive(),
            Input::Return(_) => made.model.come_back(new, made.now),
        }
    }
}

/// 6.3, 7.3: flips are chained, in order, of a time that has passed, and each of them changes something.
fn assert_flips(before: &State, after: &Step, since: Time, now: Time, story: &impl Fn() -> String) {
    let (mut status, mut at, mut causes) = (before.status(), since, before.causes.clone());
    for flip in &after.flips {
        assert_eq!(flip.from, status, "a flip that does not begin where the one before ended: {}", story());
        assert!(flip.at >= at, "flips go back in time, {} after {at}: {}", flip.at, story());
        assert!(flip.at <= now, "a flip of the future: {}", story());
        assert!(flip.from != flip.to || flip.causes != causes, "a flip of nothing: {}", story());
        assert_causes_follow(flip, &causes, story);
        (status, at, causes) = (flip.to, flip.at, flip.causes.clone());
    }
    assert_eq!(after.state.status(), status, "a change of status without a flip: {}", story());
    assert_eq!(after.state.causes, causes, "a change of causes without a flip: {}", story());
}

fn assert_causes_follow(flip: &Flip, before: &punctual::core::cause::Causes, story: &impl Fn() -> String) {
    let mut expected = before.clone();
    expected.retain(|cause| !flip.ended.contains(&cause.kind));
    for cause in &flip.begun {
        expected.retain(|old| old.kind != cause.kind);
        expected.insert(*cause);
        assert!(cause.since <= flip.at, "a cause that begins after its flip: {}", story());
        let hidden = matches!(flip.from, Status::Paused | Status::Archived);
        let pinged = flip.reason == FlipReason::Pinged && cause.kind.family() == Family::Failing;
        // A lateness that goes on by another spec's name (10.2).
        let renamed = flip.reason == FlipReason::Changed && before.any(Family::Late);
        assert!(!hidden || pinged || renamed, "{:?} began while paused or archived: {}", cause.kind, story());
    }
    assert_eq!(expected, flip.causes, "begun and ended are not the difference: {}", story());
}

/// 5.1, and that counters count what flips tell.
fn assert_counters(before: &State, after: &Step, input: &Input, story: &impl Fn() -> String) {
    let state = &after.state;
    let mut causes = before.causes.clone();
    let (mut late, mut failing) = (0, 0);
    for flip in &after.flips {
        late += u64::from(flip.causes.any(Family::Late) && !causes.any(Family::Late));
        failing += u64::from(flip.causes.any(Family::Failing) && !causes.any(Family::Failing));
        causes = flip.causes.clone();
    }
    let counted =
        (state.counters.late - before.counters.late, state.counters.failing - before.counters.failing);
    assert_eq!(counted, (late, failing), "counters that flips do not explain: {}", story());
    let pings = |state: &State| state.counters.pings.iter().sum::<u64>();
    let counts =
        matches!(input, Input::Ping(_) | Input::Result(_)) && after.ping.is_some_and(|ping| !ping.repeat);
    assert_eq!(pings(state) - pings(before), u64::from(counts), "pings miscounted: {}", story());
    let row = (state.failures_in_a_row, state.successes_in_a_row);
    assert!(row.0 == 0 || row.1 == 0, "failures and successes in one row: {}", story());
    for kind in [CauseKind::Failed, CauseKind::TooShort] {
        assert!(!state.causes.has(kind) || state.failures_in_a_row > 0 || state.successes_in_a_row > 0);
    }
}

/// 1.3
fn assert_ticks_change_nothing(
    spec: &Spec,
    node: &Node,
    input: &Input,
    after: &Step,
    now: Time,
    blind: &BlindWindows,
    story: &impl Fn() -> String,
) {
    let (mut state, mut flips, mut judgements) = (node.state.clone(), Vec::new(), Vec::new());
    let mut look = |state: State, at: Time| {
        let ticked = step(spec, state, &Input::Tick, at, blind);
        flips.extend(ticked.flips);
        judgements.extend(ticked.judgements);
        ticked.state
    };
    let away = node.now < now && blind.ending_after(node.now).first().is_some_and(|window| window.to == now);
    if let Some(due) = deadline(spec, &state, blind).filter(|due| *due < now && !away) {
        state = look(state, due);
        assert_eq!(state, node.state, "something was judged before its deadline was over: {}", story());
        state = look(state, due + Span::MS);
        assert!(state != node.state, "nothing was judged though its deadline was over: {}", story());
    }
    state = look(state, now);
    let last = step(spec, state, input, now, blind);
    flips.extend(last.flips);
    judgements.extend(last.judgements);
    assert_eq!(last.state, after.state, "a tick changed the state: {}", story());
    assert_eq!(flips, after.flips, "a tick changed the flips: {}", story());
    assert_eq!(judgements, after.judgements, "a tick changed the judgements: {}", story());
}

/// 1.3: what is past is settled, and a second look finds nothing.
fn assert_settled(spec: &Spec, state: &State, now: Time, blind: &BlindWindows, story: &impl Fn() -> String) {
    let again = step(spec, state.clone(), &Input::Tick, now, blind);
    assert_eq!(again.state, *state, "a second look changed the state: {}", story());
    assert!(again.flips.is_empty() && again.judgements.is_empty(), "a second look told more: {}", story());
    if let Some(deadline) = deadline(spec, state, blind) {
        assert!(deadline >= now, "a deadline in the past: {}", story());
        assert!(state.archived.is_none() && state.pause.since().is_none(), "a paused deadline: {}", story());
    }
    let seen = view(spec, state, now, blind);
    let judged = state.archived.is_none() && state.pause.since().is_none();
    assert_eq!(seen.late, judged && state.causes.any(Family::Late), "{}", story());
    assert_eq!(seen.failing, judged && state.causes.any(Family::Failing), "{}", story());
}

const SUCCESS: Symbol = Symbol::Success(None);
const START: Symbol = Symbol::Start(None);

/// 2.1, 2.4, 2.5: pings on time and too late, and blindness.
#[test]
fn every_period() {
    use Stretch::{Awake, Away};
    exhaust(&Case {
        name: "every",
        specs: vec![every(60, 10)],
        alphabet: vec![
            (Awake(20), SUCCESS),
            (Awake(20), Symbol::Fail),
            (Awake(20), Symbol::Refused),
            (Awake(50), SUCCESS),
            (Awake(80), Symbol::Tick),
            (Away(20), SUCCESS),
            (Away(200), Symbol::Tick),
        ],
        grid: 10,
    });
}

/// 7, 10: operators and files.
#[test]
fn every_period_operated() {
    use Stretch::{Awake, Away};
    exhaust(&Case {
        name: "every, operated",
        specs: vec![every(60, 10), every(30, 20), every(60, 0)],
        alphabet: vec![
            (Awake(20), SUCCESS),
            (Awake(50), Symbol::Fail),
            (Awake(20), Symbol::Pause),
            (Awake(80), Symbol::Unpause),
            (Awake(50), Symbol::Change),
            (Awake(50), Symbol::ArchiveOrReturn),
            (Away(200), Symbol::Tick),
        ],
        grid: 10,
    });
}

/// 4.1, 4.2
#[test]
fn every_period_with_runs() {
    use Stretch::{Awake, Away};
    let spec = Spec { max_runtime: Some(Span::secs(40)), ..every(60, 10) };
    exhaust(&Case {
        name: "every with max_runtime",
        specs: vec![spec],
        alphabet: vec![
            (Awake(20), SUCCESS),
            (Awake(20), Symbol::Success(Some("a"))),
            (Awake(20), START),
            (Awake(20), Symbol::Start(Some("a"))),
            (Awake(20), Symbol::Pause),
            (Awake(80), Symbol::Start(Some("a"))),
            (Away(30), Symbol::Fail),
        ],
        grid: 10,
    });
}

/// Coal-mine's update: late or not is judged anew at once, from a time that has passed.
#[test]
fn a_period_that_becomes_another_from_the_past_on() {
    use Stretch::{Awake, Away};
    exhaust(&Case {
        name: "rearmed",
        specs: vec![every(60, 0), every(120, 0), every(20, 0)],
        alphabet: vec![
            (Awake(20), SUCCESS),
            (Awake(40), Symbol::Fail),
            (Awake(20), Symbol::Rearm),
            (Awake(100), Symbol::Rearm),
            (Away(140), Symbol::Rearm),
            (Awake(20), Symbol::Pause),
            (Awake(20), Symbol::Unpause),
            (Awake(100), Symbol::Tick),
        ],
        grid: 10,
    });
}

/// 2.2, 4.2, 4.3: an hourly job.
#[test]
fn an_hourly_job_that_starts_and_ends() {
    use Stretch::{Awake, Away};
    let spec = Spec {
        schedule: Schedule::At(at("0 * * * *")),
        early: Some(Span::mins(1)),
        start_within: Some(Span::mins(5)),
        max_runtime: Some(Span::mins(20)),
        ..every(0, 600)
    };
    let without_limit = Spec { start_within: None, max_runtime: None, ..spec.clone() };
    exhaust(&Case {
        name: "hourly with start_within and max_runtime",
        specs: vec![spec, without_limit],
        alphabet: vec![
            (Awake(1200), SUCCESS),
            (Awake(1200), START),
            (Awake(3600), Symbol::Fail),
            (Awake(1740), Symbol::Change),
            (Awake(600), Symbol::Refused),
            (Away(60), START),
            (Away(600), Symbol::Pause),
        ],
        grid: 60,
    });
}

/// 3.1, 3.3
#[test]
fn a_count_at_occurrences() {
    use Stretch::{Awake, Away};
    let expect = Expect { at_least: Some(2), at_most: Some(2), within: Span::secs(300) };
    exhaust(&Case {
        name: "counted at occurrences",
        specs: vec![Spec { schedule: Schedule::CountedAt(at("*/5 * * * *"), expect), ..every(0, 60) }],
        alphabet: vec![
            (Awake(50), SUCCESS),
            (Awake(300), SUCCESS),
            (Awake(60), Symbol::Fail),
            (Awake(100), Symbol::Unpause),
            (Awake(300), Symbol::Pause),
            (Away(50), SUCCESS),
            (Away(300), Symbol::Tick),
        ],
        grid: 10,
    });
}

/// 3.4
#[test]
fn a_count_that_slides() {
    use Stretch::{Awake, Away};
    let expect = Expect { at_least: Some(2), at_most: Some(2), within: Span::secs(60) };
    let slides = Spec { schedule: Schedule::Counted(expect), ..every(0, 10) };
    let paused = Spec { paused: true, ..slides.clone() };
    exhaust(&Case {
        name: "sliding count",
        specs: vec![slides, paused],
        alphabet: vec![
            (Awake(10), SUCCESS),
            (Awake(30), SUCCESS),
            (Awake(60), SUCCESS),
            (Awake(40), Symbol::Pause),
            (Awake(50), Symbol::Change),
            (Awake(100), Symbol::Refused),
            (Away(20), SUCCESS),
            (Away(200), Symbol::Tick),
        ],
        grid: 10,
    });
}

/// 5.1, 7.2
#[test]
fn failures_and_recoveries_in_a_row() {
    use Stretch::{Awake, Away};
    let spec = Spec {
        failures_before_alert: 2,
        successes_to_recover: 2,
        manual_resume: true,
        min_runtime: Some(Span::secs(20)),
        ..every(60, 10)
    };
    exhaust(&Case {
        name: "two failures, two recoveries",
        specs: vec![spec],
        alphabet: vec![
            (Awake(10), SUCCESS),
            (Awake(10), Symbol::Fail),
            (Awake(10), START),
            (Awake(80), SUCCESS),
            (Awake(20), Symbol::Pause),
            (Awake(20), Symbol::Unpause),
            (Away(200), Symbol::Fail),
        ],
        grid: 10,
    });
}

/// §17
#[test]
fn results_of_what_should_hold() {
    use Outcome::{Holds, Unknown, Violated};
    use Stretch::{Awake, Away};
    let assertion = Assertion {
        found_by: FoundBy::Reporter(Reported::default()),
        unknowns_before_alert: 2,
        max_records: None,
        finds: Finds::Lasting,
    };
    let asserted = Spec {
        assert: Some(assertion.into()),
        failures_before_alert: 2,
        successes_to_recover: 2,
        ..every(60, 10)
    };
    let unscheduled = Spec { schedule: Schedule::Unscheduled, grace: Span::ZERO, ..asserted.clone() };
    exhaust(&Case {
        name: "asserted, unscheduled, pinged",
        specs: vec![asserted, unscheduled, every(60, 10)],
        alphabet: vec![
            (Awake(10), Symbol::Found(Holds)),
            (Awake(10), Symbol::Found(Violated)),
            (Awake(20), Symbol::Found(Unknown)),
            (Awake(80), Symbol::Found(Unknown)),
            (Awake(10), Symbol::Change),
            (Awake(20), Symbol::Pause),
            (Awake(80), Symbol::Unpause),
            (Away(200), Symbol::Fail),
        ],
        grid: 10,
    });
}

/// 4.5
#[test]
fn runs_that_overlap() {
    use Stretch::Awake;
    let spec = Spec { max_runtime: Some(Span::secs(50)), overlap: Overlap::Fail, ..every(60, 10) };
    exhaust(&Case {
        name: "overlap: fail",
        specs: vec![spec],
        alphabet: vec![
            (Awake(10), START),
            (Awake(10), Symbol::Start(Some("a"))),
            (Awake(10), Symbol::Start(Some("b"))),
            (Awake(10), SUCCESS),
            (Awake(10), Symbol::Success(Some("a"))),
            (Awake(30), Symbol::Success(Some("b"))),
            (Awake(40), Symbol::Pause),
        ],
        grid: 10,
    });
}
