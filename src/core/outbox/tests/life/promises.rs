//! What must hold, asserted from outside.

use super::*;

impl World {
    /// 12.4
    pub(super) fn assert_one_reminder(&self) {
        for incident in &self.incidents {
            let waits = |row: &&Delivery| {
                row.incident == incident.id
                    && row.kind == DeliveryKind::Reminder
                    && row.state == DeliveryState::Waiting
            };
            assert!(self.rows.iter().filter(waits).count() <= 1, "two reminders wait");
        }
    }

    /// 11.2: nothing is planned a second time while it waits. What takes the place of `blind` is (9.6); and what begins beside an
    /// acknowledgement is told beside a message that is under way, which says nothing of it.
    pub(super) fn assert_one_alert(&self) {
        for incident in self.incidents.iter().filter(|incident| !incident.told_after_blind) {
            let waits = |row: &&Delivery| {
                row.incident == incident.id
                    && row.kind == DeliveryKind::Alert
                    && row.state == DeliveryState::Waiting
            };
            let mut actions: Vec<_> = self.rows.iter().filter(waits).map(|row| row.action).collect();
            let count = actions.len();
            actions.sort_unstable();
            actions.dedup();
            assert_eq!(actions.len(), count, "an alert is to be told twice: {incident:?}");
        }
    }

    /// 8.2, 11.2, 12.3, 12.5
    pub(super) fn assert_may_leave(&self, members: &[DeliveryId]) {
        assert!(!members.is_empty() && members.is_sorted(), "in the order of their ids");
        for id in members {
            let row = &self.rows[id.0 as usize];
            let incident = &self.incidents[row.incident.0 as usize];
            assert!(row.not_before <= self.now);
            if matches!(row.kind, DeliveryKind::Alert | DeliveryKind::Reminder) {
                let causes = self.causes[place_of(&row.matter())].iter();
                let is_covered = |cause: &Cause| incident.covered.contains(&cause.kind.family());
                let is_taken_on =
                    incident.status == IncidentStatus::Acknowledged && causes.into_iter().all(is_covered);
                assert!(!is_taken_on, "nobody took care of it");
                assert_ne!(incident.status, IncidentStatus::WontFix, "somebody wants to hear of it");
                assert!(!self.muted[place_of(&row.matter())], "what is muted does not leave");
            }
            for other in self.rows.iter().filter(|other| other.matter() == row.matter()) {
                assert!(!matches!(other.state, DeliveryState::InMessage(_)), "it overtakes {other:?}");
                let is_earlier = other.incident < row.incident && other.state == DeliveryState::Waiting;
                assert!(!is_earlier || members.contains(&other.id), "it overtakes {other:?}");
            }
        }
    }

    /// 11.1, 12.5: what may leave waits for what is told of its own matter, and for nothing else.
    pub(super) fn assert_nothing_is_kept(&self, may_leave: &[Delivery]) {
        for row in may_leave.iter().filter(|row| row.ready_at() + GROUP_WAIT <= self.now) {
            let holds = |other: &&Delivery| {
                let is_earlier = other.state == DeliveryState::Waiting && other.incident < row.incident;
                let is_in_message = matches!(other.state, DeliveryState::InMessage(_));
                other.matter() == row.matter() && (is_earlier || is_in_message)
            };
            assert!(self.rows.iter().any(|other| holds(&other)), "nothing of its own holds {row:?}");
        }
    }

    /// At the end, after [`World::drain`].
    pub(super) fn assert_told(&self) {
        for row in &self.rows {
            match row.state {
                DeliveryState::Sent(_) | DeliveryState::Parked { .. } => {}
                DeliveryState::Cancelled(reason) => self.assert_excused(row, reason),
                DeliveryState::Waiting | DeliveryState::InMessage(_) => panic!("never told: {row:?}"),
            }
            let messages = self.messages.iter().filter(|message| message.members.contains(&row.id)).count();
            assert_eq!(messages, usize::from(row.is_attempted()), "in one message: {row:?}");
        }
        for incident in &self.incidents {
            self.assert_end_told(incident);
        }
    }

    /// 12.5: every alert that was due, not held and not shorter than `group_wait` is told.
    fn assert_excused(&self, row: &Delivery, reason: CancelReason) {
        let incident = &self.incidents[row.incident.0 as usize];
        let ended_at = incident.ended_at.unwrap();
        let of_incident =
            || self.rows.iter().filter(|other| other.incident == row.incident && other.id != row.id);
        let holds = match reason {
            CancelReason::RecoveredBeforeDue => row.not_before >= ended_at,
            CancelReason::RecoveredWhileHeld => self.muted_at_end[row.incident.0 as usize],
            CancelReason::TooShort => ended_at - row.not_before < GROUP_WAIT,
            CancelReason::Merged => of_incident().any(Delivery::is_attempted),
            CancelReason::RemindedSooner => {
                let sooner = |other: &Delivery| {
                    other.kind == DeliveryKind::Reminder && other.not_before < row.not_before
                };
                row.kind == DeliveryKind::Reminder && of_incident().any(sooner)
            }
            CancelReason::Superseded => incident.told_after_blind,
            CancelReason::Removed => incident.status == IncidentStatus::Removed,
            // Somebody said so; that nothing else is cancelled for it shows in `recovery.rs`.
            CancelReason::Acknowledged | CancelReason::WontFix | CancelReason::Dropped => true,
            CancelReason::NotDelivering => false,
        };
        assert!(holds, "cancelled without that reason: {row:?}");
        let tells_of_the_end = matches!(row.kind, DeliveryKind::Recovery | DeliveryKind::Episode);
        assert!(!tells_of_the_end, "the end is never cancelled: {row:?}");
    }

    /// 12.6: exactly one recovery iff something was attempted and `send_resolved`; and nothing comes after it.
    fn assert_end_told(&self, incident: &Incident) {
        let rows: Vec<&Delivery> =
            self.rows.iter().filter(|row| row.incident == incident.id && row.is_attempted()).collect();
        let is = |kind: DeliveryKind| move |row: &&&Delivery| row.kind == kind;
        let recoveries = rows.iter().filter(is(DeliveryKind::Recovery)).count();
        let episodes = rows.iter().filter(is(DeliveryKind::Episode)).count();
        let told = rows.len() - recoveries - episodes > 0;
        assert_eq!(recoveries, usize::from(told && self.receiver().send_resolved), "of {incident:?}");
        assert!(episodes == 0 || (episodes == 1 && !told), "of {incident:?}");
        let muted_at_end = self.muted_at_end[incident.id.0 as usize];
        assert!(episodes == 0 || !muted_at_end, "what recovered while muted is told: {incident:?}");
        let message_of = |row: &Delivery| self.messages.iter().position(|m| m.members.contains(&row.id));
        let last = rows.iter().max_by_key(|row| (message_of(row), row.id));
        let is_end = |row: &&Delivery| matches!(row.kind, DeliveryKind::Recovery | DeliveryKind::Episode);
        assert!(recoveries + episodes == 0 || last.is_some_and(is_end), "of {incident:?}");
    }
}
