//! What the app takes from a configuration.

use crate::app::Audience;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::route::ALL_OWN;
use crate::core::zone::Zone;
use crate::http::{Access, App};
use crate::metrics::Own;

/// What the app takes from a configuration: all that others than the store and the ways outward must know.
pub(super) struct ForApp {
    access: Access,
    audience: Audience,
    zone: Zone,
}

impl ForApp {
    pub(super) fn of(config: &Config) -> ForApp {
        let audience = Audience {
            policy: config.policy.clone(),
            has_alertmanager: !config.alertmanagers.is_empty(),
            can_mail: config.smtp.is_some(),
        };
        ForApp { access: Access::of(config), audience, zone: config.zone }
    }

    pub(super) fn put_into(self, app: &App, own: &Own, clock: &Clock) {
        let own_mail = self.audience.can_mail.then(|| ALL_OWN.into());
        own.config_loaded(self.audience.policy.receivers.keys().chain(&own_mail), clock.now());
        app.set_access(self.access);
        app.services.in_force.set_audience(self.audience);
        app.services.in_force.set_zone(self.zone);
    }
}
