//! What Alertmanager is to hear, by a plain look at all checks (§13): nobody says which of them have changed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use punctual::core::alert::{Alert, alerts_of, project};
use punctual::core::check::{CheckId, Name};
use punctual::core::incident::{IncidentId, IncidentStatus};
use punctual::core::outbox::DeliveryKind;
use punctual::core::route::{Context, Dependency, Facts, ReceiverPolicy, route};
use punctual::core::time::Time;
use punctual::store::live::{Check, Live};

use crate::evidence::{number, rows, time};
use crate::operators::reader;
use crate::plain::status;

pub(crate) struct PlainAlerts<'a> {
    live: &'a Live,
    /// The open incident of each check: its number, since when it is open, and where it stands.
    incidents: BTreeMap<CheckId, (IncidentId, Time, IncidentStatus)>,
    now: Time,
}

impl<'a> PlainAlerts<'a> {
    pub(crate) fn read(folder: &Path, live: &'a Live, now: Time) -> PlainAlerts<'a> {
        let sql = "SELECT check_id, id, opened_at, status FROM incidents WHERE ended_at IS NULL AND key = ''";
        let read = rows(&reader(folder), sql, |row| {
            let status = status(&row.get::<_, String>(3)?);
            Ok((CheckId(number(row, 0)?), (IncidentId(number(row, 1)?), time(row, 2)?, status)))
        });
        PlainAlerts { live, incidents: read.into_iter().collect(), now }
    }

    /// What was told of each check is what would be told now.
    pub(crate) fn compare(&self, told: &BTreeMap<CheckId, Arc<[Alert]>>) {
        let directory = self.live.directory();
        let mut of_others = told.clone();
        for check in directory.checks.iter() {
            let told = of_others.remove(&check.id).unwrap_or_default();
            let name = &check.definition.name;
            assert_eq!(self.of(check, &told), *told, "`{name}` would be told otherwise (13.1)");
        }
        for (check, told) in of_others {
            assert_eq!(project(&told, &[], false, self.now), *told, "check {} is archived (13.2)", check.0);
        }
    }

    fn of(&self, check: &Check, told: &[Alert]) -> Vec<Alert> {
        let (definition, state) = (&check.definition, check.state());
        let incident = self.incidents.get(&check.id);
        let of_incident = |alert: Alert| match incident {
            Some((id, ..)) => alert.of_incident(*id),
            None => alert,
        };
        let wanted: Vec<Alert> = alerts_of(definition, &state).into_iter().map(of_incident).collect();
        let on = definition.depends_on.iter();
        let dependencies: Vec<Dependency> = on.filter_map(|name| self.dependency(name)).collect();
        let context = Context {
            now: self.now,
            facts: Facts::of_check(definition, state.causes.as_slice()),
            incident: incident.map_or(IncidentStatus::Open, |(.., status)| *status),
            is_paused: state.pause.since().is_some(),
            mutes: &self.live.mutes(),
            quiet: &definition.quiet,
            dependencies: &dependencies,
            grace: definition.spec.grace,
            ready_at: incident.map_or(self.now, |(_, opened_at, _)| *opened_at),
            group_wait: ReceiverPolicy::GROUP_WAIT,
        };
        project(told, &wanted, route(DeliveryKind::Alert, &context).holds_push(), self.now)
    }

    fn dependency(&self, name: &Name) -> Option<Dependency> {
        let check = self.live.find(name.as_str())?;
        let incident = self.incidents.get(&check.id).map(|(.., status)| *status);
        Some(Dependency::of(name, &check.state(), incident))
    }
}
