//! An Alertmanager beside the process, which minds `endsAt` as the real one does (§13).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use punctual::core::alert::{Alert, alertname};
use punctual::core::cause::Family;
use punctual::core::time::{Span, Time};

use crate::world::World;

/// So long an alert fires that is not pushed again (13.1).
const ENDS_AFTER: Span = Span::mins(4);
/// Pushed again after so long.
const EVERY: Span = Span::secs(55);
const FAMILIES: [Family; 3] = [Family::Late, Family::Failing, Family::Unknown];

type Labels = Vec<(String, String)>;
type Firing = BTreeSet<(String, String)>;

/// What it was told, and what the process repeats.
#[derive(Debug, Default)]
pub(crate) struct Alertmanager {
    /// When each alert ends.
    ends_at: BTreeMap<Labels, Time>,
    /// The last that the store said; gone with the process.
    newest: Vec<Alert>,
    pushed_at: Option<Time>,
    /// Flips of the process at the last answer, and when what was held then may go.
    flips: u64,
    next_look: Option<Time>,
    /// How often the store was asked and answered, and how often an alert fired then.
    pub(crate) pushes: u64,
    pub(crate) fired: u64,
}

impl Alertmanager {
    fn hear(&mut self, now: Time) {
        for alert in &self.newest {
            self.ends_at.insert(alert.labels.clone(), alert.ended_at.unwrap_or(now + ENDS_AFTER));
        }
        self.pushed_at = Some(now);
    }

    /// Names of alerts that fire, each with its check.
    fn firing(&self, now: Time) -> Firing {
        let of = |labels: &Labels, wanted: &str| {
            labels.iter().find(|(name, _)| name == wanted).map_or(String::new(), |(_, value)| value.clone())
        };
        let firing = self.ends_at.iter().filter(|(_, ends_at)| **ends_at > now);
        firing.map(|(labels, _)| (of(labels, "alertname"), of(labels, "check"))).collect()
    }

    /// 13.1: at every flip, when what was held may go, and every minute.
    fn is_due(&self, flips: u64, now: Time) -> bool {
        flips != self.flips
            || self.next_look.is_some_and(|at| at <= now)
            || self.pushed_at.is_none_or(|at| now - at >= EVERY)
    }

    /// The process is gone, and what it had to repeat.
    pub(crate) fn lose_the_process(&mut self) {
        self.newest.clear();
        (self.pushed_at, self.next_look, self.flips) = (None, None, 0);
    }

    /// Ours is another time now; real ones have their own.
    pub(crate) fn forget(&mut self) {
        *self = Alertmanager { pushes: self.pushes, fired: self.fired, ..Alertmanager::default() };
    }
}

impl World {
    /// 13.1: whatever changed is pushed, and all of it again within a minute, also while the store fails.
    pub(crate) fn push_alerts(&mut self) {
        let now = self.diary.now;
        let flips = self.server.process().live.totals.flips.load(Ordering::Relaxed);
        if !self.alertmanager.is_due(flips, now) {
            return;
        }
        let fate = self.telling_fate();
        let before = self.alertmanager.firing(now);
        let answer = self.server.call(now, fate, |store, now| store.alerts(now)).answer;
        if !self.server.is_up() {
            return;
        }
        if let Some(alerts) = answer {
            self.alertmanager.newest = alerts.all;
            (self.alertmanager.next_look, self.alertmanager.flips) = (alerts.next_look, flips);
            self.alertmanager.hear(now);
            self.alertmanager.pushes += 1;
            self.check_alerts(&before);
        } else if self.alertmanager.pushed_at.is_none_or(|at| now - at >= EVERY) {
            self.alertmanager.hear(now);
        }
    }

    /// Nothing is due, so that the store knows what the model knows.
    fn check_alerts(&mut self, before: &Firing) {
        let now = self.diary.now;
        if self.server.process().wakes().deadline.is_some_and(|deadline| deadline < now) {
            return;
        }
        let firing = self.alertmanager.firing(now);
        for (id, judged) in &self.server.judged {
            let name = judged.definition.name.as_str();
            let model = &judged.model;
            for family in FAMILIES {
                let is_bad = model.is(family) && !model.archived && !model.is_paused();
                let alert = (alertname(family).to_owned(), name.to_owned());
                let fires = firing.contains(&alert);
                if !is_bad {
                    let another = || {
                        self.server.judged.iter().any(|(other, it)| {
                            other != id && it.definition.name.as_str() == name && it.model.is(family)
                        })
                    };
                    assert!(!fires || another(), "`{name}` is not {family:?}, and fires (13.2)");
                    continue;
                }
                if fires {
                    self.alertmanager.fired += 1;
                    continue;
                }
                assert!(!before.contains(&alert), "`{name}` is still {family:?}, and withdrawn (13.3)");
                // 8.3: one that depends on others waits a little.
                let waits = !judged.definition.depends_on.is_empty()
                    && judged.bad.last().is_some_and(|bad| now - bad.opened_at <= Span::mins(1));
                let held = self.held(name, now).is_some() || self.is_wont_fix(name);
                assert!(held || waits, "`{name}` is {family:?}, and does not fire (13.1)");
            }
        }
    }
}
