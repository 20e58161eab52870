//! The same by a slow model that keeps no diagnoses: it looks through all that ever happened.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Something that happens to an incident.
#[derive(Clone, Debug)]
enum Happens {
    /// Somebody looks, and finds these cases: each a name and whether it passes.
    Look(Vec<(u8, bool)>),
    /// Whoever carries out the newest solution says how it ended.
    Ends(bool),
    /// So many seconds go by.
    Waits(i64),
}

fn happens() -> impl Strategy<Value = Happens> {
    let cases = proptest::collection::vec((0..3u8, any::<bool>()), 0..3);
    prop_oneof![
        4 => cases.prop_map(Happens::Look),
        2 => any::<bool>().prop_map(Happens::Ends),
        2 => (1..700i64).prop_map(Happens::Waits),
    ]
}

/// What happened, and what came of it.
enum Event {
    Decided { at: Time, case: u8 },
    Ended,
    Told(String),
}

#[derive(Default)]
struct Model(Vec<Event>);

impl Model {
    /// When the solution was decided that has not ended.
    fn under_way(&self, now: Time) -> bool {
        let last = self.0.iter().rposition(|event| matches!(event, Event::Decided { .. }));
        let Some(last) = last else { return false };
        let has_ended = self.0[last..].iter().any(|event| matches!(event, Event::Ended));
        let Event::Decided { at, .. } = self.0[last] else { unreachable!() };
        !has_ended && now - at <= Span::mins(10)
    }

    fn was_told(&self, what: &str) -> bool {
        self.0.iter().any(|event| matches!(event, Event::Told(told) if told == what))
    }

    /// What is decided, and whether it is told.
    fn look(&mut self, cases: &[(u8, bool)], now: Time) -> (Decision, bool) {
        if self.under_way(now) {
            return (Decision::UnderWay, false);
        }
        let decision = match cases {
            [] => Decision::NoCase,
            [(_, true)] => Decision::Wait,
            [(case, false)] => {
                let tried = |event: &&Event| matches!(event, Event::Decided { case: of, .. } if of == case);
                match self.0.iter().filter(tried).count() {
                    // There are two plans.
                    0 | 1 => Decision::Apply,
                    _ => Decision::Wait,
                }
            }
            _ => Decision::Impasse,
        };
        if decision == Decision::Apply {
            self.0.push(Event::Decided { at: now, case: cases[0].0 });
        }
        let names: BTreeSet<u8> = cases.iter().map(|(name, _)| *name).collect();
        let what = format!("{decision:?} {names:?}");
        let for_people = matches!(decision, Decision::NoCase | Decision::Impasse);
        let is_told = for_people && !self.was_told(&what);
        if is_told {
            self.0.push(Event::Told(what));
        }
        (decision, is_told)
    }
}

fn read(cases: &[(u8, bool)]) -> CasesFound {
    let remedy = |passes| match passes {
        true => Remedy::Pass,
        false => Remedy::Plans(vec!["first".to_owned(), "second".to_owned()]),
    };
    found(cases.iter().map(|(name, passes)| case(&name.to_string(), remedy(*passes))))
}

/// Runs both, and holds them against each other at each step.
fn agree(all: &[Happens]) {
    let (mut past, mut model, mut now) = (Past::default(), Model::default(), at(0));
    let mut told = BTreeSet::new();
    for happening in all {
        match happening {
            Happens::Waits(seconds) => now = now + Span::secs(*seconds),
            Happens::Look(cases) => {
                let mut cases = cases.clone();
                cases.dedup_by_key(|(name, _)| *name);
                let decided = past.decide(&read(&cases), now);
                assert_eq!((decided.decision, decided.is_told), model.look(&cases, now), "{cases:?}");
                if let Some(new) = decided.new.filter(|_| decided.is_told) {
                    let mut names: Vec<&str> = new.found.cases().iter().map(CaseSaid::name).collect();
                    names.sort_unstable();
                    assert!(told.insert(format!("{} {names:?}", new.found.as_str())), "told twice");
                }
            }
            Happens::Ends(is_well) => {
                let under_way: Vec<u32> = past
                    .0
                    .iter()
                    .filter(|it| it.is_under_way())
                    .filter_map(|it| Some(it.solution()?.number))
                    .collect();
                // Who comes too late is refused.
                if let Some(lost) = lose(&past.0, now) {
                    past.put(lost);
                } else if let Some(number) = under_way.first() {
                    let failed = || SolutionOutcome::failed("it broke");
                    let how = if *is_well { SolutionOutcome::Enacted } else { failed() };
                    assert_eq!(past.end(*number, how, now), Ok(true));
                    model.0.push(Event::Ended);
                }
            }
        }
        assert!(past.0.iter().filter(|it| it.is_under_way()).count() <= 1, "two solutions under way");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// 21.3a, 21.4a, 21.6a
    #[test]
    fn never_are_two_solutions_under_way_and_each_thing_is_told_once(all in proptest::collection::vec(happens(), 0..60)) {
        agree(&all);
    }
}
