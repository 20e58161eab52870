//! The most severe first: in the order in which deliveries leave, and in what a message says (12.3).

use std::collections::{BTreeMap, BTreeSet};

use punctual::core::check::CheckId;
use punctual::core::incident::IncidentId;
use punctual::core::notice::worst_first;
use punctual::store::Outgoing;

use crate::evidence::{Delivery, deliveries};
use crate::operators::reader;
use crate::world::World;

/// What it is to have no severity.
const NONE: usize = 5;

/// The worst is the least.
fn rank(labels: &[(String, String)]) -> usize {
    let severity = labels.iter().find(|(name, _)| name == "severity").map(|(_, value)| value.as_str());
    let known = ["critical", "error", "warning", "info"];
    match severity {
        None => NONE,
        Some(severity) => known.iter().position(|known| *known == severity).unwrap_or(known.len()),
    }
}

impl World {
    /// A message was frozen just now.
    pub(crate) fn the_worst_comes_first(&mut self, outgoing: &Outgoing) {
        let told: Vec<_> = worst_first(&outgoing.notices);
        for pair in told.windows(2) {
            let [one, other] = [pair[0], pair[1]].map(|notice| (notice.is_over(), rank(&notice.labels)));
            assert!(one <= other, "`{}` is named before `{}`", pair[0].check, pair[1].check);
        }
        let message = &outgoing.message;
        let receiver = self.server.files.receiver(&message.receiver);
        let is_full = receiver.is_some_and(|receiver| receiver.max_members == message.members.len());
        let is_due = self.server.process().wakes().deadline.is_some_and(|deadline| deadline < self.diary.now);
        if is_full && message.attempts == 1 && message.origin.is_none() && !is_due {
            self.nothing_worse_stays(outgoing);
        }
    }

    /// It is full: what could have left as well, and waits, is no worse than what leaves.
    fn nothing_worse_stays(&mut self, outgoing: &Outgoing) {
        let now = self.diary.now;
        let receiver = outgoing.message.receiver.to_string();
        let rows = deliveries(&reader(self.server.folder()), "state IN ('waiting', 'in_message')");
        let rows: Vec<Delivery> = rows.into_iter().filter(|row| row.receiver == receiver).collect();
        let leaves = |row: &&Delivery| outgoing.message.members.contains(&row.id);
        // What was given up is tried alone, whatever waits.
        if rows.iter().filter(leaves).any(|row| row.given_up.is_some()) {
            return;
        }
        let rank_of = |row: &Delivery| rank(&self.server.judged[&CheckId(row.check)].definition.labels);
        let Some(least) = rows.iter().filter(leaves).map(rank_of).max() else { return };
        // What follows a notice that its check flaps leaves after it (12.5).
        let blocks = |row: &&Delivery| row.state == "in_message" && (!leaves(row) || row.kind == "flapping");
        let blocked: BTreeSet<u64> = rows.iter().filter(blocks).map(|row| row.check).collect();
        let mut first: BTreeMap<u64, &Delivery> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.state == "waiting") {
            first.entry(row.check).or_insert(row);
        }
        for row in first.into_values().filter(|row| !blocked.contains(&row.check)) {
            let definition = &self.server.judged[&CheckId(row.check)].definition;
            let name = definition.name.as_str();
            // Where people said something of it, it may stay for that; and what depends on others waits a little (8.3).
            let stays = row.kind == "flapping"
                || self.stood.contains_key(&IncidentId(row.incident))
                || !definition.depends_on.is_empty();
            let is_ready = row.not_before.max(row.queued_at) <= now && !stays;
            if is_ready && (row.tells_of_the_end() || self.held(name, now).is_none()) {
                self.left_behind += 1;
                assert!(rank_of(row) >= least, "worse than what leaves, and waits: {row:?} of `{name}`");
            }
        }
    }
}
