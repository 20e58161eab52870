//! What was given up rests while its incident goes on (12.4).

use crate::core::outbox::{Delivery, DeliveryId, DeliveryState};
use crate::core::route::ReceiverName;

use super::Outbox;

impl Outbox {
    /// What rests of a receiver may be taken, also what was refused.
    pub(super) fn may_be_mended(&mut self, name: &ReceiverName) {
        let Outbox { lanes, deliveries, undo, .. } = self;
        for (_, id) in lanes.get(name).iter().flat_map(|lane| &lane.given_up) {
            let delivery = deliveries.get_mut(id).expect("what rests is unfinished");
            undo.note_delivery(*id, Some(delivery.clone()));
            let given_up = delivery.given_up.as_mut().expect("a lane has what was given up");
            given_up.may_be_mended = true;
        }
    }

    /// Takes out what rests of an incident that has ended: it stays given up.
    pub(super) fn forget_resting(&mut self, ids: Vec<DeliveryId>) {
        for id in ids {
            let is_resting = |row: &&Delivery| matches!(row.state, DeliveryState::Parked { .. });
            if let Some(row) = self.deliveries.get(&id).filter(is_resting).cloned() {
                self.unrest(&row);
                self.forget_delivery(&row);
            }
        }
    }

    /// Takes it out of its lane's list of what was given up, if it stands there.
    pub(super) fn unrest(&mut self, row: &Delivery) {
        let Some(given_up) = row.given_up else { return };
        let Outbox { lanes, resting, .. } = self;
        lanes.change_known(&row.receiver, |lane| {
            *resting -= usize::from(lane.given_up.remove(&(given_up.due(), row.id)));
        });
    }
}
