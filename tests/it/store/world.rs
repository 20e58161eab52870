//! A store in a world of its own: its time, and words to make things happen in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual::core::alert::Alert;
use punctual::core::check::{CheckId, Definition, Name, Ping, PingKind, Source, SourceLine, Spec};
use punctual::core::incident::IncidentId;
use punctual::core::outbox::{Attempt, MessageId};
use punctual::core::retention::Retention;
use punctual::core::route::{Action, Policy, ReceiverName, ReceiverPolicy, Responder};
use punctual::core::schedule::Schedule;
use punctual::core::state::State;
use punctual::core::time::{Span, Time};
use punctual::store::sqlite::SqliteStore;
use punctual::store::{
    Applied, Changes, Configuration, ConfigureError, Entry, Outgoing, PingFact, Saying, Settling, Stance,
    Stood, Store, StoreError, What, expire,
};

/// Opens the same store again and again.
pub(crate) trait Place {
    type Store: Store;
    fn open(&self) -> Self::Store;
    /// Where its database is.
    fn folder(&self) -> &std::path::Path;
}

/// A folder that goes when the test ends.
pub(crate) struct Sqlite(pub(crate) tempfile::TempDir);

impl Default for Sqlite {
    fn default() -> Sqlite {
        Sqlite(tempfile::tempdir().unwrap())
    }
}

impl Place for Sqlite {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        SqliteStore::open_with(self.0.path(), 7).unwrap().knowing(punctual::compat::origins())
    }

    fn folder(&self) -> &std::path::Path {
        self.0.path()
    }
}

pub(crate) struct World<P: Place> {
    pub(crate) place: P,
    store: Option<P::Store>,
    pub(crate) configuration: Configuration,
    pub(crate) now: Time,
}

pub(crate) const GROUP_WAIT: Span = Span::secs(5);

impl<P: Place> World<P> {
    /// A new store, begun, with a receiver `ops` that is told of everything.
    pub(crate) fn new(place: P) -> World<P> {
        let receiver = ReceiverPolicy {
            send_resolved: true,
            group_wait: GROUP_WAIT,
            give_up_after: Span::mins(60),
            max_members: 256,
            include_output: true,
        };
        let policy = Policy {
            responders: Vec::new(),
            default_receivers: vec!["ops".into()],
            administrators: Vec::new(),
            receivers: [("ops".into(), receiver)].into(),
        };
        let configuration = Configuration {
            checks: Vec::new(),
            policy: Arc::new(policy),
            retention: Retention::default(),
            max_checks: 100_000,
            allow_mass_removal: false,
            changed_receivers: BTreeSet::new(),
        };
        let store = place.open();
        let mut world = World { place, store: Some(store), configuration, now: at(1_000_000) };
        assert_eq!(world.store().begin(at(1_000_000)).unwrap(), None);
        world
    }

    pub(crate) fn store(&mut self) -> &mut P::Store {
        self.store.as_mut().expect("the world has a store but while it is opened again")
    }

    /// What Alertmanager is to hear once all of it is brought up to date, and when that is looked at again.
    pub(crate) fn alerts(&mut self, now: Time) -> (Vec<Alert>, Option<Time>) {
        let mut next = Some(now);
        while next.is_some_and(|at| at <= now) {
            next = self.store().alerts(256, now).unwrap();
        }
        (self.store().live().board().all().cloned().collect(), next)
    }

    /// The store itself, for somebody else to own.
    pub(crate) fn take(&mut self) -> P::Store {
        self.store.take().expect("the world has a store but while it is opened again")
    }

    /// Somebody says how an incident stands. Whether it is new.
    pub(crate) fn says(&mut self, incident: IncidentId, stance: Stance, by: &str, now: Time) -> bool {
        self.store().stand_all(&[incident], &Saying::new(stance, by), now).unwrap() == [Stood::New]
    }

    /// A crash, and a new start at once, with the same configuration.
    pub(crate) fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.place.open());
        let now = self.now;
        self.store().begin(now).unwrap();
        self.configure_at_start().unwrap();
    }

    /// These are the checks now: each `every: 1m, grace: 10s`.
    pub(crate) fn declare(&mut self, names: &[&str]) -> Changes {
        self.configuration.checks = names.iter().map(|name| check(name)).collect();
        self.configure().unwrap()
    }

    pub(crate) fn configure(&mut self) -> Result<Changes, ConfigureError> {
        let (configuration, now) = (self.configuration.clone(), self.now);
        self.store().configure(&configuration, false, now)
    }

    pub(crate) fn configure_at_start(&mut self) -> Result<Changes, ConfigureError> {
        let (configuration, now) = (self.configuration.clone(), self.now);
        self.store().configure(&configuration, true, now)
    }

    /// Told of everything after so long, and again.
    pub(crate) fn respond(&mut self, actions: &[(&str, Span, Option<Span>)]) {
        let mut policy = (*self.configuration.policy).clone();
        for (name, _, _) in actions {
            let name: ReceiverName = (*name).into();
            let like_ops = policy.receivers.values().next().unwrap().clone();
            policy.receivers.entry(name).or_insert(like_ops);
        }
        let actions =
            actions.iter().map(|(name, after, repeat)| Action::new((*name).into(), *after, *repeat));
        policy.responders = vec![Responder { matchers: Vec::new(), actions: actions.collect() }];
        self.configuration.policy = Arc::new(policy);
    }

    pub(crate) fn id(&mut self, name: &str) -> CheckId {
        self.store().live().find(name).unwrap_or_else(|| panic!("{name} is not declared")).id
    }

    pub(crate) fn state(&mut self, name: &str) -> State {
        let check = self.store().live().find(name).unwrap();
        check.known().state.clone()
    }

    /// Time passes, and we are there.
    pub(crate) fn wait(&mut self, span: Span) {
        self.now = self.now + span;
        let now = self.now;
        self.store().sign_of_life(now).unwrap();
    }

    pub(crate) fn entry(&mut self, name: &str, what: What) -> Entry {
        Entry { check: self.id(name), at: self.now, what }
    }

    pub(crate) fn apply(&mut self, name: &str, what: What) -> Applied {
        self.try_apply(name, what).unwrap()
    }

    pub(crate) fn try_apply(&mut self, name: &str, what: What) -> Result<Applied, StoreError> {
        let entry = self.entry(name, what);
        let mut applied = self.store().apply(&[entry])?;
        Ok(applied.remove(0))
    }

    pub(crate) fn ping(&mut self, name: &str, kind: PingKind) {
        assert!(matches!(self.apply(name, What::Ping(fact(kind))), Applied::Done(Some(_))));
    }

    /// Judges what is due; answers how many checks were.
    pub(crate) fn expire(&mut self) -> usize {
        let now = self.now;
        expire(self.store(), now).unwrap().deadlines.len()
    }

    pub(crate) fn claim(&mut self) -> Vec<Outgoing> {
        let now = self.now;
        self.store().claim(now).unwrap()
    }

    /// The one message that leaves now.
    pub(crate) fn claim_one(&mut self) -> Outgoing {
        let mut outgoing = self.claim();
        assert_eq!(outgoing.len(), 1, "{outgoing:#?}");
        outgoing.remove(0)
    }

    /// What the one message that leaves now says, in short; the receiver takes it.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let outgoing = self.claim_one();
        self.settle(outgoing.message.id, &Attempt::TAKEN);
        said(&outgoing)
    }

    pub(crate) fn settle(&mut self, message: MessageId, attempt: &Attempt) {
        let now = self.now;
        let mut from = 0;
        while let Settling::GoesOn(settled) = self.store().settle(message, attempt, from, now).unwrap() {
            from = settled;
        }
    }

    /// How often each kind of ping came, and the deadline: enough to see whether two stores know the same.
    pub(crate) fn summary(&mut self) -> (Vec<(String, State)>, Option<Time>, Option<Time>) {
        let directory = self.store().live().directory();
        let checks = directory.checks.iter();
        let states = checks.map(|check| (check.definition.name.to_string(), check.known().state.clone()));
        (states.collect(), self.store().next_deadline(), self.store().next_claim())
    }
}

/// What a message says, in short.
pub(crate) fn said(outgoing: &Outgoing) -> Vec<String> {
    outgoing.notices.iter().map(|notice| format!("{:?} {}", notice.kind, notice.check)).collect()
}

pub(crate) fn later() -> Attempt {
    Attempt::Later { after: None, why: "no connection".to_owned() }
}

pub(crate) fn at(secs: i64) -> Time {
    Time::from_secs(secs)
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn check(text: &str) -> Definition {
    let spec = Spec { grace: Span::secs(10), ..Spec::new(Schedule::Every(Span::secs(60))) };
    Definition::new(name(text), spec, Source::File { path: "checks.yaml".into(), line: SourceLine::new(1) })
}

pub(crate) fn fact(kind: PingKind) -> PingFact {
    PingFact {
        ping: Ping { kind, rid: None, exit_status: None },
        comment: None,
        body: None,
        left_out: 0,
        body_cut: false,
        source: "10.0.3.7".parse().unwrap(),
    }
}
