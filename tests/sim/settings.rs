//! What kind of world a seed makes: most are of everything, some are of one thing that is rare in these.

use std::collections::BTreeMap;

use punctual::core::check::Definition;
use punctual::core::retention::Retention;
use punctual::core::route::{Action, ReceiverName, ReceiverPolicy};
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;

use crate::rng::Rng;
use crate::scene::{Files, Scale, Watch, Wish, dead, definition, random_cron, spec};

/// Of which kind a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Everything in it may die, and everybody does what they like.
    Mortal,
    /// Only judging may die, so that it can be compared with its twin, which is looked at more often.
    Twin { with_ticks: bool },
    /// So many checks, most of which are late at one time.
    Crowd { checks: usize },
    /// Only we are away, often, and mostly for a moment. Nobody touches anything.
    Absences,
    /// Only receivers are away, each for so long that what is for it is given up.
    Outages,
    /// Of everything, and people say of incidents what they think of them, again and again.
    People,
    /// Checks that are late and fail, of which others are told later than of the rest, and people who acknowledge them for a
    /// short time and reopen them.
    Answers,
}

impl Setting {
    pub(crate) fn is_twin(self) -> bool {
        matches!(self, Setting::Twin { .. })
    }

    /// Which of their doings people do next, and machines; `None`: nothing.
    pub(crate) fn doing(self, rng: &mut Rng) -> Option<usize> {
        match self {
            Setting::Mortal | Setting::Twin { .. } => Some(rng.below(37)),
            // But for clocks that are set.
            Setting::Crowd { .. } => {
                Some(rng.pick(&[0, 3, 6, 10, 11, 12, 14, 17, 18, 23, 24, 25, 26, 29, 30]))
            }
            Setting::Absences => Some(23 + rng.below(11)),
            Setting::Outages => None,
            Setting::People => Some(rng.pick(&[0, 3, 6, 12, 12, 12, 12, 12, 12, 18, 29])),
            Setting::Answers => Some(rng.pick(&[0, 3, 12, 12, 12, 12, 12, 12, 12, 12])),
        }
    }

    /// Calls may fail, and the process may die in them.
    pub(crate) fn is_stormy(self) -> bool {
        self != Setting::Outages
    }

    pub(crate) fn scene(self, rng: &mut Rng) -> (Scale, Files) {
        match self {
            Setting::Mortal | Setting::Twin { .. } | Setting::People => {
                let scale = Scale::random(rng);
                let files = Files::random(rng, &scale);
                (scale, files)
            }
            Setting::Crowd { checks } => crowd(rng, checks),
            Setting::Absences => absences(rng),
            Setting::Outages => outages(rng),
            Setting::Answers => answers(rng),
        }
    }
}

fn short(rng: &mut Rng, stormy: Span) -> Scale {
    Scale { stormy, ..Scale::short(rng) }
}

fn receiver(group_wait: Span, max_members: usize) -> ReceiverPolicy {
    let give_up_after = Span::mins(24 * 60);
    ReceiverPolicy { send_resolved: true, group_wait, give_up_after, max_members, include_output: true }
}

fn files(checks: Vec<Definition>, watches: Vec<Watch>, receivers: [ReceiverPolicy; 3]) -> Files {
    let names = ["pager", "chat", "mail"].map(ReceiverName::from);
    let receivers: BTreeMap<ReceiverName, ReceiverPolicy> = names.into_iter().zip(receivers).collect();
    Files { checks, watches, defaults: vec!["mail".into()], receivers, retention: Retention::default() }
}

fn good() -> Definition {
    definition("good", spec(Schedule::Every(Span::mins(1)), Span::secs(10)))
}

fn watch(wish: Option<(&'static str, &str)>, receiver: &str, after: Span) -> Watch {
    let wish = wish.map(|(label, value)| Wish { label, value: value.to_owned() });
    Watch { wish, actions: vec![Action::new(receiver.into(), after, None)] }
}

/// All run at the same times, so that many have something to tell at once.
fn crowd(rng: &mut Rng, count: usize) -> (Scale, Files) {
    let scale = short(rng, Span::mins(8));
    let mut checks = vec![good(), dead(rng, &scale)];
    for number in 2..count {
        let period = Span::secs(rng.pick(&[60, 120]));
        let mut check = definition(&format!("crowd{number}"), spec(Schedule::Every(period), Span::secs(20)));
        check.group = format!("g{}", rng.below(3)).into();
        check.labels =
            [("severity".to_owned(), rng.pick(&["critical", "warning", "info", "page"]).to_owned())].into();
        if rng.percent(20) {
            check.labels = Default::default();
        }
        checks.push(check);
    }
    let few = rng.pick(&[8, 10, 50]);
    let receivers = [
        receiver(Span::secs(5), 256),
        receiver(Span::secs(5), few),
        receiver(rng.pick(&[Span::ZERO, Span::secs(5)]), 256),
    ];
    let watches = vec![
        watch(None, "pager", Span::ZERO),
        watch(Some(("severity", "critical")), "chat", Span::ZERO),
        watch(Some(("group", "g1")), "mail", Span::secs(30)),
    ];
    (scale, files(checks, watches, receivers))
}

/// Jobs that are patient, and jobs that fall silent now and then, of every kind that the oracles know.
fn absences(rng: &mut Rng) -> (Scale, Files) {
    let scale = Scale { unrest: Span::secs(200), ..short(rng, Span::mins(45)) };
    let mut checks = vec![good(), dead(rng, &scale)];
    for number in 0..16 {
        let character = if number % 4 == 0 { "patient" } else { "fitful" };
        let cron = Schedule::At(random_cron(rng, &scale));
        let every = Schedule::Every(rng.times(scale.grid, 25, 240));
        let schedule = if number < 8 { cron } else { every };
        let grace = rng.times(scale.grid, 0, 60);
        checks.push(definition(&format!("{character}{number}"), spec(schedule, grace)));
    }
    let receivers = [receiver(Span::ZERO, 256), receiver(Span::secs(5), 3), receiver(Span::ZERO, 1)];
    (scale, files(checks, vec![watch(None, "pager", Span::ZERO)], receivers))
}

/// Jobs that never run, and some that go bad and well, so that there is news.
fn outages(rng: &mut Rng) -> (Scale, Files) {
    let scale = short(rng, Span::mins(35));
    let mut checks = vec![good(), dead(rng, &scale)];
    for number in 0..6 {
        let character = if number < 3 { "dead" } else { "fitful" };
        let schedule = Schedule::Every(rng.times(scale.grid, 25, 240));
        let grace = rng.times(scale.grid, 0, 30);
        checks.push(definition(&format!("{character}{number}"), spec(schedule, grace)));
    }
    let give_up_after = Span::mins(6);
    let receivers = [(Span::ZERO, 256), (Span::secs(5), 2), (Span::ZERO, 1)];
    let receivers =
        receivers.map(|(wait, members)| ReceiverPolicy { give_up_after, ..receiver(wait, members) });
    let watches = vec![
        watch(None, "pager", Span::ZERO),
        watch(None, "chat", Span::secs(30)),
        watch(Some(("status", "late")), "mail", Span::ZERO),
    ];
    (scale, files(checks, watches, receivers))
}

/// What is told at once, and what waits for a while, of causes that come and go one by one.
fn answers(rng: &mut Rng) -> (Scale, Files) {
    let scale = Scale { unrest: Span::secs(10), ..short(rng, Span::mins(25)) };
    let mut checks = vec![good(), dead(rng, &scale)];
    for number in 2..8 {
        let schedule = Schedule::Every(rng.times(scale.grid, 30, 90));
        let mut spec = spec(schedule, rng.times(scale.grid, 0, 10));
        spec.successes_to_recover = rng.pick(&[1, 2]);
        checks.push(definition(&format!("c{number}"), spec));
    }
    let receivers = [receiver(Span::ZERO, 256), receiver(Span::secs(5), 256), receiver(Span::ZERO, 3)];
    let late = watch(Some(("status", "late")), "pager", Span::ZERO);
    let mut failing = watch(Some(("status", "failing")), "chat", rng.times(scale.grid, 20, 80));
    let repeat = rng.pick(&[None, Some(Span::secs(120))]);
    failing.actions.push(Action::new("pager".into(), Span::secs(15), repeat));
    let any = watch(None, "mail", rng.times(scale.grid, 15, 60));
    (scale, files(checks, vec![late, failing, any], receivers))
}
