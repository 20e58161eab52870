//! An Alertmanager beside the process, which minds `endsAt` as the real one does (§13).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use punctual::core::alert::{Alert, alertname};
use punctual::core::cause::Family;
use punctual::core::check::CheckId;
use punctual::core::time::{Span, Time};
use punctual::store::live::Board;

use crate::fate::Fate;
use crate::plain_alerts::PlainAlerts;
use crate::world::World;

/// So many checks at a time: the engine takes fewer where they take long.
const MOST: usize = 256;

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
    /// What the process repeats, kept by what changed; and the last change that it has heard of. Gone with the process.
    board: BTreeMap<CheckId, Arc<[Alert]>>,
    heard: u64,
    pushed_at: Option<Time>,
    /// Flips of the process at the last answer, and when what was held then may go.
    flips: u64,
    next_look: Option<Time>,
    /// How often the store was asked and answered, and how often an alert fired then.
    pub(crate) pushes: u64,
    pub(crate) fired: u64,
}

impl Alertmanager {
    /// What changed is pushed.
    fn follow(&mut self, board: &Board, now: Time) {
        for change in board.changes_after(self.heard) {
            let (check, alerts) = board.put_by(change).expect("no other one has followed");
            self.board.insert(check, alerts.clone());
            self.hear(alerts, now);
        }
        self.heard = board.newest();
        // 13.1: what was resolved long ago is not pushed any more, and that is no news.
        let all: BTreeMap<CheckId, Arc<[Alert]>> = all_of(board).collect();
        self.board.retain(|check, _| all.contains_key(check));
        assert_eq!(self.board, all, "who hears of all changes knows all (13.1)");
    }

    fn hear_all(&mut self, now: Time) {
        for alerts in self.board.values().cloned().collect::<Vec<_>>() {
            self.hear(&alerts, now);
        }
        self.pushed_at = Some(now);
    }

    fn hear(&mut self, alerts: &[Alert], now: Time) {
        for alert in alerts {
            self.ends_at.insert(alert.labels.clone(), alert.times_at(now).1);
        }
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
        self.board.clear();
        self.heard = 0;
        (self.pushed_at, self.next_look, self.flips) = (None, None, 0);
    }

    /// Ours is another time now; real ones have their own.
    pub(crate) fn forget(&mut self) {
        *self = Alertmanager { pushes: self.pushes, fired: self.fired, ..Alertmanager::default() };
    }
}

fn all_of(board: &Board) -> impl Iterator<Item = (CheckId, Arc<[Alert]>)> {
    let next = |last: &(CheckId, &Arc<[Alert]>)| board.next_after(Some(last.0));
    std::iter::successors(board.next_after(None), next).map(|(check, alerts)| (check, alerts.clone()))
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
        let mut answer = self.server.call(now, fate, |store, now| store.alerts(MOST, now)).answer;
        while self.server.is_up() && answer.flatten().is_some_and(|at| at <= now) {
            answer = self.server.call(now, Fate::Fine, |store, now| store.alerts(MOST, now)).answer;
        }
        let Some(process) = &self.server.process else { return };
        self.alertmanager.follow(&process.live.board(), now);
        if answer.is_some() || self.alertmanager.pushed_at.is_none_or(|at| now - at >= EVERY) {
            self.alertmanager.hear_all(now);
        }
        if let Some(next_look) = answer {
            (self.alertmanager.next_look, self.alertmanager.flips) = (next_look, flips);
            self.alertmanager.pushes += 1;
            self.check_alerts(&before);
            self.check_board();
        }
    }

    /// 13.1, 13.2, 13.3: whoever looks at all checks now finds nothing else than what the store made of those that changed.
    fn check_board(&self) {
        if self.server.unsure_since.is_some() {
            return;
        }
        let plain = PlainAlerts::read(self.server.folder(), &self.server.process().live, self.diary.now);
        plain.compare(&self.alertmanager.board);
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
