//! What is kept of the past and what goes, beside the store's own pruning: nothing that a judgement needs, and no count
//! that somebody sees, is lost with it (15.1, 15.2, 10.3).

use std::collections::{BTreeMap, BTreeSet};

use punctual::core::check::CheckId;
use punctual::core::outbox::MessageId;
use punctual::core::retention::Retention;
use punctual::core::time::{Span, Time};

use crate::evidence::{Evidence, Message, messages, number, rows};
use crate::fate::Fate;
use crate::judged::Judged;
use crate::operators::reader;
use crate::rng::Rng;
use crate::scene::Scale;
use crate::server::Server;
use crate::world::World;

/// In half of the worlds so short that much goes while its check lives.
pub(crate) fn random_retention(rng: &mut Rng, scale: &Scale, is_twin: bool) -> Retention {
    let long = Retention::default();
    if rng.percent(50) {
        return long;
    }
    let (keep_at_least, keep_at_most) = rng.pick(&[(0, 1), (0, 5), (1, 3), (5, 20), (3, 1000)]);
    // What is told may be told at another time in a twin, and with it the end of a check of which something is to be told.
    let archived = if is_twin { long.archived } else { rng.times(scale.grid, 20, 400) };
    let max_age = rng.times(scale.grid, 20, 600);
    Retention { keep_at_least, keep_at_most, max_age, archived, ..long }
}

/// What bystanders remember of checks that are archived, for when these are forgotten; and how much has gone.
#[derive(Debug, Default)]
pub(crate) struct Forgotten {
    pub(crate) rows: BTreeMap<CheckId, Evidence>,
    /// Messages that were settled, as they were before they may have gone.
    pub(crate) messages: BTreeMap<MessageId, Message>,
    /// Pings of checks that live, and checks.
    pub(crate) pings: u64,
    pub(crate) checks: u64,
}

impl Server {
    /// What was said of archived checks, before they may be forgotten.
    fn remember(&mut self) {
        let db = reader(self.folder());
        let settled = messages(&db, "state <> 'open'");
        self.forgotten.messages.extend(settled.into_iter().map(|message| (message.id, message)));
        let is_archived = |judged: &Judged| judged.model.archived && !judged.is_forgotten;
        for (id, _) in self.judged.iter().filter(|(_, judged)| is_archived(judged)) {
            self.forgotten.rows.insert(*id, Evidence::of(&db, &format!("check_id = {}", id.0)));
        }
    }

    /// Messages are kept for a week after they were settled, and then as long as a delivery is theirs.
    fn hold_messages(&self, now: Time) {
        if self.two_clocks.was_set_back {
            return;
        }
        let db = reader(self.folder());
        let ids = |sql: &str| -> BTreeSet<u64> { rows(&db, sql, |row| number(row, 0)).into_iter().collect() };
        let kept = ids("SELECT id FROM messages");
        let told = ids("SELECT message_id FROM deliveries WHERE message_id IS NOT NULL");
        for (id, message) in self.forgotten.messages.iter().filter(|(id, _)| !kept.contains(&id.0)) {
            let is_old = message.settled_at.is_some_and(|at| at < now - Retention::JUDGEMENTS);
            assert!(is_old && !told.contains(&id.0), "it has gone: {message:?}");
        }
    }

    /// 10.3: what is forgotten was archived for as long as is declared, and nothing of it was still to be told.
    pub(crate) fn note_forgotten(&mut self, now: Time) {
        if self.forgotten.rows.is_empty() {
            return;
        }
        let db = reader(self.folder());
        let kept: BTreeSet<u64> =
            rows(&db, "SELECT id FROM checks", |row| number(row, 0)).into_iter().collect();
        let (archived, is_one_clock) = (self.files.retention.archived, self.era == 0);
        for (id, judged) in &mut self.judged {
            if kept.contains(&id.0) || judged.is_forgotten {
                continue;
            }
            let name = &judged.definition.name;
            let since = judged.archived_at.expect("only what nobody declares is forgotten (10.3)");
            assert!(!is_one_clock || now - since > archived, "`{name}` is forgotten after {}", now - since);
            let known = &self.forgotten.rows[id];
            let waits = |state: &str| matches!(state, "waiting" | "in_message");
            let untold = known.deliveries.iter().find(|row| waits(&row.state));
            assert!(untold.is_none(), "`{name}` is forgotten, and this is not told: {untold:?}");
            judged.is_forgotten = true;
            self.forgotten.checks += 1;
        }
    }

    /// 15.2: of each check what may not go is there. `is_over`: and what should have gone is not.
    fn hold_pings(&mut self, now: Time, is_over: bool) {
        if self.era > 0 {
            return;
        }
        let db = reader(self.folder());
        let kept: BTreeSet<(u64, u64)> =
            rows(&db, "SELECT check_id, ordinal FROM pings", |row| Ok((number(row, 0)?, number(row, 1)?)))
                .into_iter()
                .collect();
        let retention = &self.files.retention;
        for (id, judged) in self.judged.iter().filter(|(_, judged)| !judged.is_forgotten) {
            let total = judged.taken.len() as u64;
            for (ordinal, ping) in (1..).zip(&judged.taken) {
                let (newer, age) = (total - ordinal, now - ping.at);
                let is_wanted = age <= retention.max_age || newer < u64::from(retention.keep_at_least);
                let stays = newer < u64::from(retention.keep_at_most) && is_wanted;
                let is_there = kept.contains(&(id.0, ordinal));
                let which =
                    || format!("ping {ordinal} of {total} of `{}`, {age} old", judged.definition.name);
                assert!(is_there || !stays, "it has gone: {}", which());
                assert!(!is_there || stays || !is_over, "it is still there: {}", which());
                self.forgotten.pings += u64::from(is_over && !is_there);
            }
        }
    }
}

impl World {
    /// A round of pruning, as the engine makes one now and then.
    pub(crate) fn prune(&mut self, fate: impl Fn(&mut World) -> Fate) {
        self.diary.prune_at = self.diary.now + Span::ms(self.scale.grid.as_ms() * 120);
        for _ in 0..100 {
            if !self.is_ready() {
                return;
            }
            let (now, fate) = (self.diary.now, fate(self));
            // A slice that had to wait may have come later.
            self.server.note_forgotten(now);
            self.server.remember();
            let done = self.server.call(now, fate, |store, now| store.prune(now));
            self.hear_answers();
            self.server.note_forgotten(now);
            match done.answer {
                Some(true) => {}
                Some(false) => {
                    self.server.hold_messages(now);
                    return self.server.hold_pings(now, false);
                }
                None => return,
            }
        }
        panic!("a round of pruning has no end");
    }

    /// At the end all goes that is not to be kept.
    pub(crate) fn prune_to_the_end(&mut self) {
        // A round that was begun long ago, and a whole one.
        for _ in 0..2 {
            self.prune(|_| Fate::Fine);
        }
        self.server.hold_pings(self.diary.now, true);
    }
}
