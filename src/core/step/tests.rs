//! Scenarios: a spec, a script, and the flips that must result.
//!
//! Times are in seconds; a window `blind A-B` is written at its end. Every scenario runs again with ticks between any
//! two of its lines and on both sides of every transition, and must end in the same state with the same flips (1.3).

mod asserted;
mod blind;
mod change;
mod counted;
mod due;
mod periods;
mod rearm;
mod results;
mod runs;
mod unjudged;

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Flip, FlipReason, Input, Step, deadline, deadline_at_earliest, step, view};
use crate::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Outcome, Reported};
use crate::core::blind::{BlindWindows, Window};
use crate::core::cause::Causes;
use crate::core::check::{Overlap, Ping, PingKind, Rid, Spec};
use crate::core::cron::Cron;
use crate::core::refusals::Refused;
use crate::core::schedule::{Expect, Occurrences, Schedule};
use crate::core::state::State;
use crate::core::time::{Span, Time};

/// `every: 60s` with 10 s of grace.
fn every() -> Spec {
    Spec { grace: Span::secs(10), ..Spec::new(Schedule::Every(Span::secs(60))) }
}

fn occurrences(text: &str) -> Occurrences {
    Occurrences { cron: Cron::parse(text).unwrap(), zone: crate::core::zone::Zone::UTC }
}

/// Every hour, with 10 min of grace.
fn hourly() -> Spec {
    Spec { schedule: Schedule::At(occurrences("0 * * * *")), grace: Span::mins(10), ..every() }
}

fn expect(at_least: Option<u32>, at_most: Option<u32>, within_secs: i64) -> Expect {
    Expect { at_least, at_most, within: Span::secs(within_secs) }
}

fn time(text: &str) -> Time {
    let (secs, ms) = text.split_once('.').unwrap_or((text, "0"));
    Time::from_ms(secs.parse::<i64>().unwrap() * 1000 + format!("{ms:0<3}").parse::<i64>().unwrap())
}

struct Line<'a> {
    at: Time,
    verb: &'a str,
    rest: Vec<&'a str>,
}

fn parse(script: &str) -> Vec<Line<'_>> {
    let lines = script.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let at = time(words.next().unwrap());
            Line { at, verb: words.next().unwrap(), rest: words.collect() }
        })
        .collect()
}

fn input(line: &Line, specs: &[Spec]) -> Option<Input> {
    let ping = |kind, exit_status| Some(Input::Ping(Ping { kind, rid: rid(line), exit_status }));
    let spec = || Arc::new(specs[line.rest[0].parse::<usize>().unwrap()].clone());
    match line.verb {
        "success" => ping(PingKind::Success, None),
        "fail" => ping(PingKind::Fail, None),
        "exit3" => ping(PingKind::Fail, Some(3)),
        "start" => ping(PingKind::Start, None),
        "log" => ping(PingKind::Log, None),
        "holds" => result(line, Outcome::Holds),
        "violated" => result(line, Outcome::Violated),
        "unknown" => result(line, Outcome::Unknown),
        "tick" => Some(Input::Tick),
        "pause" => Some(Input::Pause),
        "pause-until" => Some(Input::PauseUntil(time(line.rest[0]))),
        "pause-and-forgive" => Some(Input::PauseAndForgive),
        "unpause" => Some(Input::Unpause),
        "refused" => Some(Input::Refused(refused(line))),
        "archive" => Some(Input::Archive),
        "change" => Some(Input::Change(spec())),
        "return" => Some(Input::Return(spec())),
        "rearm" => {
            let from = time(line.rest[1].strip_prefix("from=").unwrap());
            Some(Input::Rearm { spec: spec(), from })
        }
        "blind" => None,
        other => panic!("no such line: {other}"),
    }
}

fn rid(line: &Line) -> Option<Rid> {
    line.rest.iter().find_map(|word| word.strip_prefix("rid=")).map(|rid| Rid::stored(rid).unwrap())
}

/// A result; `took=` is how long the look took.
fn result(line: &Line, outcome: Outcome) -> Option<Input> {
    let took = line.rest.iter().find_map(|word| word.strip_prefix("took="));
    let took = took.map(|took| time(took) - Time::from_secs(0));
    Some(Input::Result(AssertionResult { rid: rid(line), ..AssertionResult::new(outcome, took) }))
}

/// Parses `at=A`, or `A-B N` for N refusals from A to B; otherwise one refusal now.
fn refused(line: &Line) -> Refused {
    let Some(word) = line.rest.first() else { return Refused::once(line.at) };
    let Some((first, last)) = word.split_once('-') else {
        return Refused::once(time(word.strip_prefix("at=").unwrap()));
    };
    Refused { first: time(first), last: time(last), times: line.rest[1].parse().unwrap() }
}

struct Run {
    spec: Spec,
    state: State,
    blind: BlindWindows,
    flips: Vec<Flip>,
    met: Vec<(Time, u32, bool)>,
}

impl Run {
    fn new(spec: &Spec) -> Run {
        let state = State::declared(spec, Time::from_secs(0));
        Run { spec: spec.clone(), state, blind: BlindWindows::default(), flips: Vec::new(), met: Vec::new() }
    }

    fn feed(&mut self, input: Input, now: Time) -> Option<super::PingEffect> {
        let Step { state, flips, judgements, ping } =
            step(&self.spec, self.state.clone(), &input, now, &self.blind);
        if let Input::Change(new) | Input::Return(new) | Input::Rearm { spec: new, .. } = input {
            self.spec = (*new).clone();
        }
        self.state = state;
        self.flips.extend(flips);
        self.met.extend(judgements.iter().map(|judged| (judged.occurrence, judged.count, judged.met)));
        let at_earliest = deadline_at_earliest(&self.spec, &self.state);
        let deadline = deadline(&self.spec, &self.state, &self.blind);
        assert!(
            at_earliest <= deadline && at_earliest.is_some() == deadline.is_some(),
            "blindness only delays"
        );
        ping
    }

    /// Runs a script. `ticks` are further times at which to tick along the way.
    fn script(&mut self, lines: &[Line], specs: &[Spec], ticks: &[Time]) {
        let mut before = Time::from_secs(0);
        for line in lines {
            let blind = (line.verb == "blind").then(|| {
                let (from, to) = line.rest[0].split_once('-').unwrap();
                Window { from: time(from), to: time(to) }
            });
            let awake_until = blind.map_or(line.at, |window| window.from);
            for tick in ticks.iter().filter(|tick| **tick > before && **tick < awake_until) {
                self.feed(Input::Tick, *tick);
            }
            before = line.at;
            match blind {
                Some(window) => drop(self.blind.add(window)),
                None => {
                    self.feed(input(line, specs).unwrap(), line.at);
                }
            }
        }
    }

    fn told(&self) -> String {
        let mut told = String::new();
        for flip in &self.flips {
            let causes = list(&flip.causes);
            let reason = match flip.reason {
                FlipReason::Judged | FlipReason::Pinged | FlipReason::Reported => String::new(),
                other => format!(" ({other:?})"),
            };
            let seconds = flip.at.as_secs_f64();
            writeln!(told, "{seconds} {}→{}{causes}{reason}", flip.from.as_str(), flip.to.as_str()).unwrap();
        }
        told
    }
}

fn list(causes: &Causes) -> String {
    let mut text = String::new();
    for cause in causes.iter() {
        write!(text, " {}", cause.kind.as_str()).unwrap();
        if let Some(would_be) = cause.would_be {
            write!(text, "({})", would_be.as_str()).unwrap();
        }
    }
    text
}

/// Runs a script against one spec (`change 1` uses the first of `more`), and compares the flips, one a line.
fn check_all(spec: &Spec, more: &[Spec], script: &str, expected: &str) -> Run {
    let specs: Vec<Spec> = std::iter::once(spec.clone()).chain(more.iter().cloned()).collect();
    let lines = parse(script);
    let mut run = Run::new(spec);
    run.script(&lines, &specs, &[]);
    let clean = |text: &str| {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(clean(&run.told()), clean(expected), "script: {script}");
    ticks_change_nothing(&run, spec, &lines, &specs);
    run
}

fn check(spec: &Spec, script: &str, expected: &str) -> Run {
    check_all(spec, &[], script, expected)
}

/// Runs a script whose flips the test itself examines.
fn check_quietly(spec: &Spec, script: &str) -> Run {
    let lines = parse(script);
    let mut run = Run::new(spec);
    run.script(&lines, &[], &[]);
    ticks_change_nothing(&run, spec, &lines, &[]);
    run
}

/// 1.3
fn ticks_change_nothing(run: &Run, spec: &Spec, lines: &[Line], specs: &[Spec]) {
    let around = |at: Time| [at - Span::MS, at, at + Span::MS, at + Span::secs(1)];
    let mut ticks: Vec<Time> = lines.iter().map(|line| line.at).flat_map(around).collect();
    ticks.extend(run.flips.iter().map(|flip| flip.at).flat_map(around));
    ticks.sort();
    let mut ticked = Run::new(spec);
    ticked.script(lines, specs, &ticks);
    assert_eq!(ticked.told(), run.told(), "ticks changed the flips");
    assert_eq!(ticked.met, run.met, "ticks changed the judgements");
    assert_eq!(ticked.state, run.state, "ticks changed the state");
    let now = lines.last().map_or(Time::from_secs(0), |line| line.at);
    let again = step(&run.spec, run.state.clone(), &Input::Tick, now, &run.blind);
    assert_eq!(again.state, run.state, "a step that runs twice changed the state");
    assert!(again.flips.is_empty(), "a step that runs twice flipped");
    if let Some(deadline) = deadline(&run.spec, &run.state, &run.blind) {
        assert!(deadline >= now, "what is past must have been settled");
    }
    let seen = view(&run.spec, &run.state, now, &run.blind);
    assert_eq!(seen.paused, run.state.pause.since().is_some());
}
