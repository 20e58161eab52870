//! What people say of an incident: acknowledged, `wont_fix`, open again (11.2).

use crate::core::incident::{IncidentId, IncidentStatus};
use crate::core::outbox::CancelReason;
use crate::core::route::Facts;
use crate::core::time::Time;
use crate::store::sqlite::tx::Tx;
use crate::store::work::Rows as _;
use crate::store::{Stance, StoreError};

impl Tx<'_> {
    pub(in crate::store::sqlite) fn stand(
        &mut self,
        id: IncidentId,
        stance: Stance,
        by: &str,
        now: Time,
    ) -> Result<bool, StoreError> {
        let Some(incident) = self.memory.outbox.incidents.get(&id) else { return Ok(false) };
        let before = incident.status;
        let check = self.memory.checks[&incident.check].check.clone();
        let causes = check.known().state.causes.clone();
        let stands = match stance {
            Stance::Acknowledge => incident.acknowledge(causes.as_slice(), by, now),
            Stance::WontFix => incident.wont_fix(by, now),
            Stance::Reopen => incident.reopen(by, now),
        };
        let Some((mut incident, step)) = stands else { return Ok(false) };
        self.insert_step(id, &step)?;
        match incident.status {
            IncidentStatus::Acknowledged => self.cancel_all(id, CancelReason::Acknowledged)?,
            IncidentStatus::WontFix => self.cancel_all(id, CancelReason::WontFix)?,
            _ => {
                // All is planned anew.
                self.cancel_resting(id, before)?;
                let facts = Facts { definition: &check.definition, causes: causes.as_slice() };
                self.plan_actions(&mut incident, &facts, now, now)?;
            }
        }
        self.update_incident(incident)?;
        // Those who depend on it look at it, too (8.3).
        self.memory.outbox.look_everywhere(now);
        Ok(true)
    }
}
