//! What was given up is tried again while its incident goes on (12.4).

use crate::core::outbox::{Delivery, DeliveryId, DeliveryState, Occasion};
use crate::core::route::{ALL_OWN, ReceiverName};
use crate::core::time::Time;

use super::Outbox;

impl Outbox {
    /// Receivers whose settings are others from now on: what was refused may be taken, and what failed may arrive.
    pub(super) fn mend(&mut self, is_changed: impl Fn(&ReceiverName) -> bool, now: Time) {
        if is_changed(&ALL_OWN.into()) {
            self.own.try_by(now);
        }
        let Outbox { lanes, deliveries, .. } = self;
        let changed = lanes.iter_mut().filter(|(name, lane)| !lane.given_up.is_empty() && is_changed(name));
        for (_, lane) in changed {
            lane.pace.occasion = Some(Occasion::Changed);
            lane.pace.try_by(now);
            for (_, id) in &lane.given_up {
                let given_up = deliveries.get_mut(id).and_then(|delivery| delivery.given_up.as_mut());
                given_up.expect("a lane has what was given up").may_be_mended = true;
            }
        }
    }

    /// After a start nobody knows whether the settings are others. Each is tried once an hour all the same.
    pub(super) fn may_be_mended(&mut self) {
        self.mend(|_| true, Time::MIN);
        let occasions = self.lanes.values_mut().map(|lane| &mut lane.pace.occasion);
        occasions.for_each(|occasion| *occasion = occasion.map(|_| Occasion::Started));
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
        let (Some(given_up), Some(lane)) = (row.given_up, self.lanes.get_mut(&row.receiver)) else { return };
        if lane.given_up.remove(&(given_up.due(), row.id)) {
            self.resting -= 1;
        }
    }
}
