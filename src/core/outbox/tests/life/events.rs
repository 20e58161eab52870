//! What may happen to two checks, a record and one receiver.

use proptest::prelude::*;

use super::MATTERS;

#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The check's causes are these from now on: none, missing, failed, both, or blind in place of missing.
    Causes(usize, u8),
    Archive(usize),
    Mute(usize, bool),
    Acknowledge(usize),
    WontFix(usize),
    Reopen(usize),
    Pass(i64),
    /// What may leave does, and this is how its attempt ends after so many seconds; it may recover meanwhile.
    Attempt {
        ends: Ends,
        secs: i64,
        meanwhile: Option<(usize, u8)>,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Ends {
    Taken,
    Later,
    Never,
}

pub(super) fn events() -> impl Strategy<Value = Vec<Event>> {
    let check = 0..MATTERS;
    let ends = prop_oneof![4 => Just(Ends::Taken), 3 => Just(Ends::Later), 1 => Just(Ends::Never)];
    let meanwhile = proptest::option::weighted(0.3, (check.clone(), 0..8_u8));
    let event = prop_oneof![
        5 => (check.clone(), 0..8_u8).prop_map(|(check, causes)| Event::Causes(check, causes)),
        1 => check.clone().prop_map(Event::Archive),
        2 => (check.clone(), any::<bool>()).prop_map(|(check, on)| Event::Mute(check, on)),
        1 => check.clone().prop_map(Event::Acknowledge),
        1 => check.clone().prop_map(Event::WontFix),
        1 => check.prop_map(Event::Reopen),
        5 => (1..90_i64).prop_map(Event::Pass),
        8 => (ends, 0..8_i64, meanwhile)
            .prop_map(|(ends, secs, meanwhile)| Event::Attempt { ends, secs, meanwhile }),
    ];
    proptest::collection::vec(event, 1..60)
}
