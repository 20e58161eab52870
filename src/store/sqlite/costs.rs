//! No event costs time in the number of checks: how often `route` is asked after each, while much is held.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::store::SqliteStore;
use super::tx::Tx;
use crate::core::check::{CheckId, Definition, Name, Ping, PingKind, Source, Spec};
use crate::core::incident::{Incident, IncidentId, IncidentStatus, Matter};
use crate::core::outbox::{Attempt, DeliveryKind, DeliveryState, NewDelivery};
use crate::core::retention::Retention;
use crate::core::route::{Matcher, Mute, Policy, ReceiverPolicy};
use crate::core::schedule::Schedule;
use crate::core::time::{Span, Time};
use crate::store::work::{OfProcess as _, Pace, Rows as _, asked_so_far};
use crate::store::{
    Configuration, Edit, Entry, NewCheck, Outgoing, PingFact, Saying, Settling, SpecChange, Stance,
    Store as _, What,
};

struct Scene {
    store: SqliteStore,
    now: Time,
    _folder: tempfile::TempDir,
}

fn definition(name: &str, depends_on: &[&str]) -> Definition {
    let spec = Spec { grace: Span::ZERO, ..Spec::new(Schedule::Every(Span::mins(600))) };
    let depends_on = depends_on.iter().map(|name| Name::parse(name).unwrap()).collect();
    let group = if name.starts_with("held") { "held" } else { "others" };
    let definition = Definition::new(Name::parse(name).unwrap(), spec, Source::Api);
    Definition { depends_on, group: group.into(), ..definition }
}

impl Scene {
    /// So many checks are bad, and held by a mute. `rarely` is muted by itself, and `leaf` depends on `trunk`; both are bad.
    fn new(held: usize) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open_with(folder.path(), 7).unwrap();
        store.begin(Time::from_secs(1_000_000)).unwrap();
        store.configure(&configuration(), true, Time::from_secs(1_000_000)).unwrap();
        let mut scene = Scene { store, now: Time::from_secs(1_000_001), _folder: folder };
        let names: Vec<String> = (0..held).map(|number| format!("held-{number}")).collect();
        for names in names.chunks(1000) {
            scene.create(names.iter().map(|name| definition(name, &[])));
        }
        let others = ["rarely", "trunk", "free", "edited"].map(|name| definition(name, &[]));
        scene.create(others.into_iter());
        scene.create([definition("leaf", &["trunk"])].into_iter());
        scene.mute("group=\"held\"");
        scene.mute("check=\"rarely\"");
        for names in names.chunks(1000) {
            scene.ping(names, PingKind::Fail);
        }
        scene.ping(&["trunk".into(), "rarely".into(), "leaf".into()], PingKind::Fail);
        scene.settle_all();
        scene.now = scene.now + Span::secs(60);
        scene.settle_all();
        scene
    }

    fn create(&mut self, definitions: impl Iterator<Item = Definition>) {
        let new = |definition| NewCheck { definition, paused: false, past: None };
        let edits = definitions.map(|definition| Edit::Create(Box::new(new(definition))));
        self.store.edit_all(edits.collect(), "ann", self.now).unwrap();
    }

    fn id(&self, name: &str) -> CheckId {
        self.store.live().find(name).unwrap().id
    }

    fn incident(&self, name: &str) -> IncidentId {
        let of = Matter::own(self.id(name));
        self.store.memory.outbox.open_incident(&of).unwrap().id
    }

    fn mute(&mut self, text: &str) -> u64 {
        let mute = Mute {
            id: 0,
            matchers: Matcher::parse_list(text).unwrap(),
            text: text.to_owned(),
            until: self.now + Span::mins(300),
            since: self.now,
            comment: String::new(),
            by: String::new(),
        };
        self.store.mute(mute, self.now).unwrap()
    }

    fn ping(&mut self, names: &[String], kind: PingKind) {
        let what = || {
            What::Ping(PingFact {
                ping: Ping { kind, rid: None, exit_status: None },
                comment: None,
                body: None,
                left_out: 0,
                body_cut: false,
                source: "10.0.3.7".parse().unwrap(),
            })
        };
        let entry = |name: &String| Entry { check: self.id(name), at: self.now, what: what() };
        let entries: Vec<Entry> = names.iter().map(entry).collect();
        self.store.apply(&entries).unwrap();
    }

    fn stand(&mut self, name: &str, stance: Stance) {
        let incident = self.incident(name);
        self.store.stand_all(&[incident], &Saying::new(stance, "ada"), self.now).unwrap();
    }

    fn edit(&mut self, name: &str, change: impl FnOnce(&mut Definition)) {
        let check = self.id(name);
        let mut definition = (*self.store.live().find(name).unwrap().definition).clone();
        change(&mut definition);
        let edit = Edit::Update { check, definition: Box::new(definition), how: SpecChange::Judged };
        self.store.edit_all(vec![edit], "ann", self.now).unwrap();
    }

    /// Claims until nothing is due.
    fn claim_all(&mut self) -> Vec<Outgoing> {
        let mut outgoing = Vec::new();
        while self.store.next_claim().is_some_and(|at| at <= self.now) {
            outgoing.extend(self.store.claim(self.now).unwrap());
        }
        outgoing
    }

    /// Its receiver takes it.
    fn is_taken(&mut self, outgoing: &Outgoing) {
        let (id, now) = (outgoing.message.id, self.now);
        while self.store.settle(id, &Attempt::TAKEN, 0, now).unwrap() != Settling::Ended {}
    }

    fn settle_all(&mut self) {
        loop {
            let outgoing = self.claim_all();
            if outgoing.is_empty() {
                return;
            }
            for outgoing in outgoing {
                self.is_taken(&outgoing);
            }
        }
    }

    /// One after the other happens what people and jobs do to a check; `seen` is told of each, and how often `route` was asked
    /// since the one before, until nothing was due.
    fn events(&mut self, mut seen: impl FnMut(&str, usize)) {
        let mut told = |scene: &mut Scene, what: &str| {
            scene.settle_all();
            seen(what, asked_so_far());
        };
        told(self, "nothing");
        self.ping(&["held-0".into()], PingKind::Success);
        told(self, "a flip of one that is held");
        self.ping(&["held-0".into()], PingKind::Fail);
        told(self, "one more is held");
        self.ping(&["free".into()], PingKind::Fail);
        told(self, "a flip of one that is not");
        self.now = self.now + Span::secs(6);
        told(self, "it is told");
        self.ping(&["trunk".into()], PingKind::Success);
        told(self, "a flip of one that another depends on");
        self.ping(&["trunk".into()], PingKind::Fail);
        told(self, "another one");
        self.now = self.now + Span::secs(6);
        told(self, "it is told");
        self.stand("trunk", Stance::WontFix);
        told(self, "nobody wants to hear of what another depends on");
        self.stand("trunk", Stance::Reopen);
        told(self, "somebody does");
        self.stand("held-1", Stance::Acknowledge);
        told(self, "an acknowledgement");
        self.stand("held-1", Stance::Reopen);
        told(self, "it ends");
        let mute = self.mute("check=\"rarely\"");
        told(self, "a mute");
        self.store.unmute(mute, "ann", self.now).unwrap();
        told(self, "an unmute");
        self.store.unmute(2, "ann", self.now).unwrap();
        told(self, "an unmute that lets one go");
        self.edit("edited", |definition| definition.title = "other".into());
        told(self, "an edit");
        self.edit("trunk", |definition| definition.name = Name::parse("root").unwrap());
        told(self, "a rename of what another depends on");
        self.create([definition("trunk", &[])].into_iter());
        told(self, "its name is another's");
    }
}

fn configuration() -> Configuration {
    let receiver = ReceiverPolicy {
        send_resolved: true,
        group_wait: Span::secs(5),
        give_up_after: Span::mins(60),
        max_members: 256,
        include_output: true,
    };
    let policy = Policy {
        responders: Vec::new(),
        default_receivers: vec!["ops".into()],
        receivers: [("ops".into(), receiver)].into(),
        ..Policy::default()
    };
    Configuration {
        checks: Vec::new(),
        policy: Arc::new(policy),
        retention: Retention::default(),
        max_checks: 1_000_000,
        allow_mass_removal: false,
        changed_receivers: BTreeSet::new(),
    }
}

/// 8.1
#[test]
fn no_event_asks_about_more_than_it_concerns() {
    let mut scene = Scene::new(20_000);
    let mut before = asked_so_far();
    assert!(before >= 20_000, "all were asked about once: {before}");
    scene.events(|what, asked| {
        assert!(asked - before <= 5, "{what}: {} questions", asked - before);
        before = asked;
    });
}

/// 8.1: what has held much lets it go piece by piece.
#[test]
fn no_call_asks_about_more_than_a_piece() {
    let mut scene = Scene::new(20_000);
    scene.store.unmute(1, "ann", scene.now).unwrap();
    let (mut before, mut calls) = (asked_so_far(), 0);
    while scene.store.next_claim().is_some_and(|at| at <= scene.now) {
        for outgoing in scene.store.claim(scene.now).unwrap() {
            scene.is_taken(&outgoing);
        }
        let asked = asked_so_far();
        assert!(asked - before <= 4096, "{} questions in one call", asked - before);
        (before, calls) = (asked, calls + 1);
    }
    assert!(calls >= 20_000 / 256);
    let waits = scene.store.memory.outbox.totals().1;
    assert!(waits <= 2, "{waits} still wait");
}

/// 12.5a: however long it stands aside.
#[test]
fn nothing_overtakes_what_is_not_due_of_an_earlier_incident() {
    let mut scene = Scene::new(1);
    scene.ping(&["free".into()], PingKind::Fail);
    let (earlier, now) = (scene.incident("free"), scene.now);
    let put_off = |tx: &mut Tx<'_>| {
        let mut row = tx.unfinished(earlier)?.remove(0);
        row.told.not_before = now + Span::secs(100);
        tx.update_delivery(row)
    };
    scene.store.transact(put_off).unwrap();
    scene.now = scene.now + Span::secs(10);
    assert!(scene.claim_all().is_empty(), "it is not due");
    let later = scene.store.transact(|tx| {
        let row = tx.unfinished(earlier)?.remove(0);
        let incident = tx.incident(earlier)?.unwrap();
        let (status, ended_at) = (IncidentStatus::Resolved, Some(now));
        let id = tx.insert_incident(&Incident { status, ended_at, ..incident })?;
        let told = NewDelivery { incident: id, kind: DeliveryKind::Recovery, not_before: now, ..row.told };
        tx.insert_delivery(told, DeliveryState::Waiting)
    });
    let later = later.unwrap();
    scene.now = scene.now + Span::secs(10);
    let pace = Pace { look_at: Some(scene.now), ..Pace::default() };
    let look = |tx: &mut Tx<'_>| {
        tx.set_pace(&"ops".into(), pace);
        Ok(())
    };
    scene.store.transact(look).unwrap();
    assert!(scene.claim_all().is_empty(), "{later:?} overtakes it");
}
