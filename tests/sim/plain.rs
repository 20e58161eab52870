//! What leaves, by a plain look at all rows of each receiver (8.1, 12.3): no time at which anything is looked at again, no index
//! and no pages. Every claim is compared with it, and while the engine sleeps nothing may leave.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use punctual::core::cause::{Cause, CauseKind, Family};
use punctual::core::check::{CheckId, Definition, Name};
use punctual::core::incident::{Incident, IncidentId, IncidentKey, IncidentStatus, Matter, Planned};
use punctual::core::notice::Severity;
use punctual::core::outbox::{
    Delivery, DeliveryId, DeliveryKind, Departure, Flaps, MessageId, NewDelivery, freeze, halves,
};
use punctual::core::route::{
    ActionId, Context, Dependency, Facts, ReceiverName, ReceiverPolicy, Verdict, route,
};
use punctual::core::state::State;
use punctual::core::time::Time;
use punctual::store::Outgoing;
use punctual::store::live::Live;
use rusqlite::Connection;

use crate::evidence::{self, Message, deliveries, messages, number, rows, time};
use crate::operators::reader;
use crate::process::returns_in_pieces;
use crate::scene::policy_of;
use crate::world::World;

/// What is known beside the rows.
pub(crate) struct PlainLook {
    folder: PathBuf,
    receivers: BTreeMap<ReceiverName, ReceiverPolicy>,
    /// Checks that are declared no more.
    archived: BTreeMap<CheckId, Definition>,
    /// Messages whose attempts are under way.
    under_way: BTreeSet<MessageId>,
    in_pieces: bool,
}

/// What may leave now.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// The members of the message to each receiver.
    leaves: BTreeMap<String, Vec<DeliveryId>>,
    /// Of what was given up one may be tried alone, by what no row says (12.4).
    given_up: BTreeSet<DeliveryId>,
    /// Receivers of messages whose end nobody has heard of, or that are settled in part: when these are sent again, or what follows
    /// them leaves, no row says (12.4a, 12.7).
    unknown: BTreeSet<String>,
    /// What stood aside may return over many claims, and nothing leaves before all of it is back.
    in_pieces: bool,
}

impl Plain {
    /// 12.3: what leaves is what may, and nobody is passed over, unless much leaves already and the next claim follows at once
    /// (`is_more`). What leaves for checks' own addresses waits for other things, too (16.4).
    pub(crate) fn is_claimed(&self, outgoing: &[Outgoing], is_more: bool) {
        for outgoing in outgoing {
            let message = &outgoing.message;
            let may_leave = self.leaves.get(&*message.receiver);
            let is_alone = matches!(&*message.members, [one] if self.given_up.contains(one));
            let is_it = may_leave.map_or(is_alone, |members| *members == message.members);
            assert!(
                is_it || self.unknown.contains(&*message.receiver),
                "{may_leave:?} may leave, and what leaves is {message:?}"
            );
        }
        let is_told = |name: &str| outgoing.iter().any(|outgoing| *outgoing.message.receiver == *name);
        let passed_over = self.leaves_for_all().find(|(name, _)| !is_told(name));
        let notices: usize = outgoing.iter().map(|outgoing| outgoing.notices.len()).sum();
        let passed_over = passed_over.filter(|_| !is_more || notices < 64 && !self.in_pieces);
        assert_eq!(passed_over, None, "it may leave, and a claim passes it over (12.3)");
    }

    /// What may leave for others than checks' own addresses.
    fn leaves_for_all(&self) -> impl Iterator<Item = (&String, &Vec<DeliveryId>)> {
        self.leaves.iter().filter(|(name, _)| !name.starts_with("emails/"))
    }
}

impl World {
    /// Somebody who looks at all rows; `None`: what the last call came to is not known.
    pub(crate) fn plain_look(&self) -> Option<PlainLook> {
        let is_sure = self.is_ready() && self.server.unsure_since.is_none();
        let archived = self.server.judged.iter().filter(|(_, judged)| judged.model.archived);
        is_sure.then(|| PlainLook {
            folder: self.server.folder().to_owned(),
            receivers: self.server.files.receivers.clone(),
            archived: archived.map(|(id, judged)| (*id, judged.definition.clone())).collect(),
            under_way: self.receivers.under_way.iter().map(|sending| sending.message).collect(),
            in_pieces: returns_in_pieces(self.server.database_id),
        })
    }

    /// 12.3: while the engine sleeps nothing may leave.
    pub(crate) fn nothing_leaves_unclaimed(&self) {
        let Some(process) = &self.server.process else { return };
        let now = self.diary.now;
        let waits = process.live.totals.deliveries_pending.load(Ordering::Relaxed) > 0;
        let sleeps = process.wakes().claim.is_none_or(|at| at > now);
        let Some(look) = self.plain_look().filter(|_| sleeps && waits) else { return };
        let plain = look.look(&process.live, now);
        assert_eq!(plain.leaves_for_all().next(), None, "it may leave, and nobody is to claim it (12.3)");
    }
}

impl PlainLook {
    pub(crate) fn look(&self, live: &Live, now: Time) -> Plain {
        let rows = Rows::now(&self.folder);
        let mut plain =
            Plain { given_up: rows.given_up.clone(), in_pieces: self.in_pieces, ..Plain::default() };
        let of_messages = rows.open.iter().map(|message| &message.receiver);
        let receivers: BTreeSet<&String> = of_messages.chain(rows.waiting.keys()).collect();
        for name in receivers {
            let open = || rows.open.iter().filter(|message| message.receiver == *name);
            let Some(policy) = policy_of(&self.receivers, name) else { continue };
            if open().any(|message| self.under_way.contains(&message.id)) {
                continue;
            }
            // The rest of one that was taken is settled first, in one claim or several (12.4a).
            let is_told = |id: &DeliveryId| !rows.matters.contains_key(id);
            let is_in_part = |message: &Message| message.members.iter().any(is_told);
            if open().any(|message| message.retry_at.is_none() || is_in_part(message)) {
                plain.unknown.insert(name.clone());
                continue;
            }
            let again = again(open().cloned().collect(), &rows, policy.max_members, now);
            let seen = Seen { look: self, live, rows: &rows, policy: &policy, now };
            let leaves = again.or_else(|| seen.news(name));
            plain.leaves.extend(leaves.map(|members| (name.clone(), members)));
        }
        plain
    }
}

/// The message that is due again first; one that has more members than its receiver names by now is split before.
fn again(mut open: Vec<Message>, rows: &Rows, max_members: usize, now: Time) -> Option<Vec<DeliveryId>> {
    loop {
        let first = open.iter().min_by_key(|message| (message.retry_at, message.members.first().copied()))?;
        if first.retry_at > Some(now) {
            return None;
        }
        let of_matters: Vec<_> = first.members.iter().map(|id| (*id, rows.matters[id].clone())).collect();
        let Some(halves) = halves(&of_matters).filter(|_| first.members.len() > max_members) else {
            return Some(first.members.clone());
        };
        let whole = first.clone();
        open.retain(|message| message.id != whole.id);
        let half = |members| Message { members, retry_at: Some(whole.created_at), ..whole.clone() };
        open.extend(halves.map(half));
    }
}

/// By which connection rows were read, which version of the database, and the rows.
type RowsRead = (Rc<Connection>, i64, Rc<Rows>);

/// All that is to be told.
struct Rows {
    waiting: BTreeMap<String, Vec<Delivery>>,
    open: Vec<Message>,
    /// Of all of these.
    matters: BTreeMap<DeliveryId, Matter>,
    /// Of messages that are not settled.
    blocked: BTreeSet<(String, Matter)>,
    given_up: BTreeSet<DeliveryId>,
    incidents: BTreeMap<u64, Incident>,
}

impl Rows {
    /// They are read again only when somebody has committed since: while nothing happens it is looked at each wake.
    fn now(folder: &Path) -> Rc<Rows> {
        thread_local! {
            static LAST: RefCell<Option<RowsRead>> = const { RefCell::new(None) };
        }
        let db = reader(folder);
        let version = rows(&db, "PRAGMA data_version", |row| row.get(0))[0];
        LAST.with_borrow_mut(|last| match last {
            Some((of, known, read)) if Rc::ptr_eq(of, &db) && *known == version => read.clone(),
            _ => {
                let read = Rc::new(Rows::read(&db));
                *last = Some((db, version, read.clone()));
                read
            }
        })
    }

    fn read(db: &Connection) -> Rows {
        let all =
            deliveries(db, "state IN ('waiting', 'in_message') OR state = 'parked' AND given_up IS NOT NULL");
        let (parked, unfinished): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| row.state == "parked");
        let matter = |row: &evidence::Delivery| Matter::own(CheckId(row.check));
        let (waiting, in_messages): (Vec<_>, Vec<_>) =
            unfinished.iter().partition(|row| row.state == "waiting");
        let mut by_receiver: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
        for row in waiting {
            by_receiver.entry(row.receiver.clone()).or_default().push(delivery(row));
        }
        Rows {
            waiting: by_receiver,
            open: messages(db, "state = 'open'"),
            matters: unfinished.iter().map(|row| (row.id, matter(row))).collect(),
            blocked: in_messages.iter().map(|row| (row.receiver.clone(), matter(row))).collect(),
            given_up: parked.iter().map(|row| row.id).collect(),
            incidents: incidents(db),
        }
    }

    fn open_incident(&self, check: CheckId) -> Option<IncidentStatus> {
        let is_it = |incident: &&Incident| incident.check == check && incident.ended_at.is_none();
        self.incidents.values().find(is_it).map(|incident| incident.status)
    }
}

fn delivery(row: &evidence::Delivery) -> Delivery {
    let kind = match row.kind.as_str() {
        "alert" => DeliveryKind::Alert,
        "reminder" => DeliveryKind::Reminder,
        "recovery" => DeliveryKind::Recovery,
        "episode" => DeliveryKind::Episode,
        _ => {
            let (times, since) = row.flaps.expect("it says how often");
            DeliveryKind::Flapping(Flaps { times, since })
        }
    };
    let told = NewDelivery {
        incident: IncidentId(row.incident),
        check: CheckId(row.check),
        key: IncidentKey::own(),
        receiver: row.receiver.as_str().into(),
        action: ActionId(row.action),
        responder: None,
        kind,
        not_before: row.not_before,
        queued_at: row.queued_at,
        repeat_interval: None,
    };
    told.numbered(row.id)
}

/// Those that are open, and those of which something is still to be told.
fn incidents(db: &Connection) -> BTreeMap<u64, Incident> {
    let sql = "SELECT id, check_id, opened_at, ended_at, status, first, actions, covered FROM incidents
               WHERE ended_at IS NULL OR id IN (SELECT incident_id FROM deliveries WHERE state = 'waiting')";
    let read = rows(db, sql, |row| {
        let json = |place| -> rusqlite::Result<serde_json::Value> {
            Ok(serde_json::from_str(&row.get::<_, String>(place)?).unwrap())
        };
        let (first, actions, covered) = (json(5)?, json(6)?, json(7)?);
        let planned = |planned: &serde_json::Value| Planned {
            action: ActionId(planned[0].as_u64().unwrap()),
            kinds: Vec::new(),
            is_uncovered: planned[2].as_bool().unwrap(),
        };
        Ok(Incident {
            id: IncidentId(number(row, 0)?),
            check: CheckId(number(row, 1)?),
            key: IncidentKey::own(),
            labels: Default::default(),
            opened_at: time(row, 2)?,
            ended_at: row.get::<_, Option<i64>>(3)?.map(Time::from_ms),
            status: status(&row.get::<_, String>(4)?),
            first: Cause {
                kind: kind(&first[0][0]).unwrap(),
                since: Time::from_ms(first[0][1].as_i64().unwrap()),
                would_be: kind(&first[0][2]),
            },
            kinds: Vec::new(),
            actions: actions.as_array().unwrap().iter().map(planned).collect(),
            covered: covered.as_array().unwrap().iter().map(family).collect(),
            term: None,
            told_after_blind: false,
            diagnosed: None,
        })
    });
    read.into_iter().map(|incident| (incident.id.0, incident)).collect()
}

pub(crate) fn status(word: &str) -> IncidentStatus {
    match word {
        "open" => IncidentStatus::Open,
        "acknowledged" => IncidentStatus::Acknowledged,
        "wont_fix" => IncidentStatus::WontFix,
        "resolved" => IncidentStatus::Resolved,
        _ => IncidentStatus::Removed,
    }
}

fn family(word: &serde_json::Value) -> Family {
    let all = [Family::Late, Family::Failing, Family::Unknown];
    all.into_iter().find(|family| Some(family.as_str()) == word.as_str()).unwrap()
}

fn kind(word: &serde_json::Value) -> Option<CauseKind> {
    CauseKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == word.as_str())
}

/// All that is seen of what waits for one receiver.
struct Seen<'a> {
    look: &'a PlainLook,
    live: &'a Live,
    rows: &'a Rows,
    policy: &'a ReceiverPolicy,
    now: Time,
}

impl Seen<'_> {
    fn news(&self, name: &str) -> Option<Vec<DeliveryId>> {
        let waiting = self.rows.waiting.get(name)?;
        let directory = self.live.directory();
        let declared: BTreeMap<CheckId, _> = directory.checks.iter().map(|check| (check.id, check)).collect();
        let definition = |check: CheckId| {
            declared.get(&check).map_or_else(|| &self.look.archived[&check], |check| &*check.definition)
        };
        let may_leave = |row: &&Delivery| {
            let state = declared.get(&row.check).map(|check| check.state());
            let is_gone = match row.kind {
                DeliveryKind::Flapping(_) => state.is_none(),
                _ => name.starts_with("emails/") && definition(row.check).emails.is_empty(),
            };
            !is_gone && self.verdict(row, definition(row.check), state.as_ref()) == Verdict::Send
        };
        let waiting: Vec<&Delivery> = waiting.iter().filter(may_leave).collect();
        let is_blocked = |matter: &Matter| self.rows.blocked.contains(&(name.to_owned(), matter.clone()));
        let severity = |check: CheckId| Severity::of(&definition(check).labels);
        match freeze(waiting, is_blocked, severity, self.policy, self.now) {
            Departure::Leaves(members) => Some(members),
            Departure::Waits(_) => None,
        }
    }

    fn verdict(&self, row: &Delivery, definition: &Definition, state: Option<&State>) -> Verdict {
        let causes = state.map_or(&[][..], |state| state.causes.as_slice());
        let incident = &self.rows.incidents[&row.incident.0];
        let (incident, causes) = match row.kind {
            // It is asked about by the cause that has gone.
            DeliveryKind::Flapping(_) => {
                let open = self.rows.open_incident(row.check);
                (open.unwrap_or(IncidentStatus::Open), std::slice::from_ref(&incident.first))
            }
            _ => (incident.stands_for(row.action, causes), causes),
        };
        let dependencies: Vec<_> =
            definition.depends_on.iter().filter_map(|on| self.dependency(on)).collect();
        let context = Context {
            now: self.now,
            facts: Facts::of_check(definition, causes),
            incident,
            is_paused: state.is_some_and(|state| state.pause.since().is_some()),
            mutes: &self.live.mutes(),
            quiet: &definition.quiet,
            dependencies: &dependencies,
            grace: definition.spec.grace,
            ready_at: row.ready_at(),
            group_wait: self.policy.group_wait,
        };
        route(row.kind, &context)
    }

    fn dependency(&self, name: &Name) -> Option<Dependency> {
        let check = self.live.find(name.as_str())?;
        Some(Dependency::of(name, &check.state(), self.rows.open_incident(check.id)))
    }
}
