//! Counters of this process. They start at 0 with each start, as Prometheus expects of counters.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::histogram::Histogram;
use crate::core::probe::ProbeKind;
use crate::core::route::ReceiverName;
use crate::core::time::Time;

/// The counters and histograms of this process. Shared; the code that does a thing counts it.
#[derive(Debug)]
pub struct Own {
    /// From a ping's entry into the writer's queue to its commit.
    pub ping_commit: Histogram,
    /// From a transition's time to its commit.
    pub expiry_lag: Histogram,
    /// From a flip to the receiver's answer.
    pub delivery_latency: Histogram,
    /// Pushes to one address of an Alertmanager, including failed ones.
    pub alertmanager_pushes: AtomicU64,
    /// Failed pushes.
    pub alertmanager_pushes_failed: AtomicU64,
    pub probes: ProbeCounters,
    /// Trouble claiming messages from the store.
    pub claims: RepeatedTrouble,
    /// Trouble reading the alerts for Alertmanager from the store.
    pub alerts: RepeatedTrouble,
    /// Addresses of Alertmanagers whose last push failed, and since when they fail.
    alertmanagers: Mutex<BTreeMap<String, Time>>,
    /// Requests with an unknown token.
    pub wrong_tokens: AtomicU64,
    /// Requests with a wrong password.
    pub wrong_passwords: AtomicU64,
    /// Requests with an unknown `auth_key`, at other systems' interfaces.
    pub wrong_auth_keys: AtomicU64,
    receivers: RwLock<BTreeMap<ReceiverName, Arc<ReceiverCounters>>>,
    reload_successful: AtomicBool,
    reload_success_ms: AtomicI64,
    reloads_taken: AtomicU64,
    reloads_refused: AtomicU64,
}

/// Looks of our own (17.5).
#[derive(Debug)]
pub struct ProbeCounters {
    /// How many run.
    pub running: AtomicU64,
    /// Looks that have ended, and those of them that could not tell, in the order of [`ProbeKind::ALL`].
    ended: [AtomicU64; ProbeKind::ALL.len()],
    unknown: [AtomicU64; ProbeKind::ALL.len()],
    /// Due times that came while the look before still ran.
    pub skipped: AtomicU64,
    /// From a due time to the beginning of the look.
    pub lag: Histogram,
    /// In ms since the epoch; 0: none waits.
    waits_since_ms: AtomicI64,
    /// In ms since the epoch; 0: none runs.
    ends_by_ms: AtomicI64,
    /// Trouble reading whom the system trusts.
    pub trust: RepeatedTrouble,
    superusers: Mutex<Vec<Arc<str>>>,
}

impl ProbeCounters {
    /// The databases that are asked by somebody whom nothing is forbidden, as far as is known.
    pub fn note_superusers(&self, databases: Vec<Arc<str>>) {
        *self.superusers.lock().unwrap_or_else(PoisonError::into_inner) = databases;
    }

    /// Whether this one is.
    pub fn is_asked_by_superuser(&self, database: &str) -> bool {
        let databases = self.superusers.lock().unwrap_or_else(PoisonError::into_inner);
        databases.iter().any(|name| **name == *database)
    }

    /// A look has ended.
    pub fn ended(&self, kind: ProbeKind, is_unknown: bool) {
        self.ended[kind as usize].fetch_add(1, Ordering::Relaxed);
        self.unknown[kind as usize].fetch_add(u64::from(is_unknown), Ordering::Relaxed);
    }

    /// The looks that have ended, by kind.
    pub fn by_kind(&self) -> Vec<(String, u64)> {
        by_kind(&self.ended)
    }

    /// Those of them that could not tell.
    pub fn unknown_by_kind(&self) -> Vec<(String, u64)> {
        by_kind(&self.unknown)
    }

    /// The oldest look that is due and has not begun has waited since then.
    pub fn waits_since(&self, due: Option<Time>) {
        self.waits_since_ms.store(due.map_or(0, Time::as_ms), Ordering::Relaxed);
    }

    /// Since when one waits that is due.
    pub fn waiting_since(&self) -> Option<Time> {
        Some(self.waits_since_ms.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(Time::from_ms)
    }

    /// Of the looks that run the first should end by then.
    pub fn ends_by(&self, end: Option<Time>) {
        self.ends_by_ms.store(end.map_or(0, Time::as_ms), Ordering::Relaxed);
    }

    /// When the first of those that run should have ended.
    pub fn should_end_by(&self) -> Option<Time> {
        Some(self.ends_by_ms.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(Time::from_ms)
    }
}

fn by_kind(counts: &[AtomicU64]) -> Vec<(String, u64)> {
    let kinds = ProbeKind::ALL.iter().map(|kind| kind.as_str().to_owned());
    kinds.zip(counts.iter().map(|count| count.load(Ordering::Relaxed))).collect()
}

impl Default for ProbeCounters {
    fn default() -> ProbeCounters {
        ProbeCounters {
            running: AtomicU64::new(0),
            ended: Default::default(),
            unknown: Default::default(),
            skipped: AtomicU64::new(0),
            lag: Histogram::new(LAG_BOUNDS),
            waits_since_ms: AtomicI64::new(0),
            ends_by_ms: AtomicI64::new(0),
            trust: RepeatedTrouble::default(),
            superusers: Mutex::default(),
        }
    }
}

/// Something that may fail at each try, and since when it does.
#[derive(Debug, Default)]
pub struct RepeatedTrouble {
    /// In ms since the epoch; 0: the last try succeeded.
    since_ms: AtomicI64,
}

impl RepeatedTrouble {
    /// Notes the result of a try.
    pub fn note(&self, went_well: bool, now: Time) {
        let order = Ordering::Relaxed;
        if went_well {
            self.since_ms.store(0, order);
        } else {
            // Keeps the time of the first failure.
            let _ = self.since_ms.compare_exchange(0, now.as_ms(), order, order);
        }
    }

    /// Since when the tries fail; `None`: the last one succeeded.
    pub fn since(&self) -> Option<Time> {
        Some(self.since_ms.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(Time::from_ms)
    }
}

/// The results of messages to one receiver.
#[derive(Debug, Default)]
pub struct ReceiverCounters {
    /// Attempts, including failed ones.
    pub deliveries: AtomicU64,
    /// Failed attempts, whether tried again or not.
    pub failed: AtomicU64,
    /// Attempts that were refused because of the address or the credentials, whatever the message says.
    pub misdirected: AtomicU64,
}

const COMMIT_BOUNDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
const LAG_BOUNDS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0];
const DELIVERY_BOUNDS: &[f64] =
    &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0];

impl Own {
    /// All counters at 0, and no configuration loaded.
    pub fn new() -> Own {
        Own {
            ping_commit: Histogram::new(COMMIT_BOUNDS),
            expiry_lag: Histogram::new(LAG_BOUNDS),
            delivery_latency: Histogram::new(DELIVERY_BOUNDS),
            alertmanager_pushes: AtomicU64::new(0),
            alertmanager_pushes_failed: AtomicU64::new(0),
            probes: ProbeCounters::default(),
            claims: RepeatedTrouble::default(),
            alerts: RepeatedTrouble::default(),
            alertmanagers: Mutex::default(),
            wrong_tokens: AtomicU64::new(0),
            wrong_passwords: AtomicU64::new(0),
            wrong_auth_keys: AtomicU64::new(0),
            receivers: RwLock::default(),
            reload_successful: AtomicBool::new(false),
            reload_success_ms: AtomicI64::new(0),
            reloads_taken: AtomicU64::new(0),
            reloads_refused: AtomicU64::new(0),
        }
    }

    /// Notes that a configuration with these receivers was loaded. Receivers that stay keep their counts.
    pub fn config_loaded<'a>(&self, receivers: impl IntoIterator<Item = &'a ReceiverName>, now: Time) {
        let mut known = self.receivers.write().unwrap_or_else(PoisonError::into_inner);
        *known = receivers
            .into_iter()
            .map(|name| (name.clone(), known.get(name).cloned().unwrap_or_default()))
            .collect();
        self.reload_success_ms.store(now.as_ms(), Ordering::Relaxed);
        self.reload_successful.store(true, Ordering::Relaxed);
        self.reloads_taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a configuration was refused, or taken only in part (10.4). The previous one stays in use.
    pub fn config_refused(&self) {
        self.reload_successful.store(false, Ordering::Relaxed);
        self.reloads_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// What was refused last, and was no configuration of its own, is in order again: the configuration in use is the newest.
    pub fn config_mended(&self) {
        self.reload_successful.store(true, Ordering::Relaxed);
    }

    /// Notes a push of alerts to an address of an Alertmanager.
    pub fn pushed(&self, target: &str, is_taken: bool, now: Time) {
        self.alertmanager_pushes.fetch_add(1, Ordering::Relaxed);
        self.alertmanager_pushes_failed.fetch_add(u64::from(!is_taken), Ordering::Relaxed);
        let mut failing = self.alertmanagers.lock().unwrap_or_else(PoisonError::into_inner);
        if is_taken {
            failing.remove(target);
        } else {
            failing.entry(target.to_owned()).or_insert(now);
        }
    }

    /// Forgets the addresses that fail, because the Alertmanagers may have changed.
    pub fn forget_alertmanagers(&self) {
        self.alertmanagers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A target is pushed to no more, or its name is found again.
    pub fn forget_alertmanager(&self, target: &str) {
        self.alertmanagers.lock().unwrap_or_else(PoisonError::into_inner).remove(target);
    }

    /// The earliest time since which an address of an Alertmanager fails; `None`: each one's last push succeeded.
    pub fn alertmanager_failing_since(&self) -> Option<Time> {
        self.alertmanagers.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }

    /// The counters of a receiver; `None` if it is not, or no longer, configured.
    pub fn receiver(&self, name: &str) -> Option<Arc<ReceiverCounters>> {
        self.receivers.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(super) fn by_receiver(&self, count: fn(&ReceiverCounters) -> &AtomicU64) -> Vec<(String, u64)> {
        let receivers = self.receivers.read().unwrap_or_else(PoisonError::into_inner);
        let read = |(name, counters): (&ReceiverName, &Arc<ReceiverCounters>)| {
            (name.to_string(), count(counters).load(Ordering::Relaxed))
        };
        receivers.iter().map(read).collect()
    }

    /// Loads of the configuration, by result.
    pub(super) fn reloads(&self) -> [(&'static str, &AtomicU64); 2] {
        [("taken", &self.reloads_taken), ("refused", &self.reloads_refused)]
    }

    pub(super) fn reload_successful(&self) -> bool {
        self.reload_successful.load(Ordering::Relaxed)
    }

    /// When a configuration was last loaded; `None` before the first.
    pub(super) fn reload_success(&self) -> Option<Time> {
        Some(self.reload_success_ms.load(Ordering::Relaxed)).filter(|ms| *ms != 0).map(Time::from_ms)
    }
}

impl Default for Own {
    fn default() -> Own {
        Own::new()
    }
}
