//! What the app takes from a configuration.

use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::Value;

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
    tls: Option<Arc<ServerConfig>>,
    main_file: Arc<Value>,
}

impl ForApp {
    pub(super) fn of(config: &Config) -> ForApp {
        let audience = Audience {
            policy: config.policy.clone(),
            has_alertmanager: !config.alertmanagers.is_empty(),
            can_mail: config.smtp.is_some(),
        };
        let tls = config.web.tls.as_ref().map(|tls| tls.setup.clone());
        ForApp {
            access: Access::of(config),
            audience,
            zone: config.zone,
            tls,
            main_file: config.shown.clone(),
        }
    }

    pub(super) fn put_into(self, app: &App, own: &Own, clock: &Clock) {
        let own_mail = self.audience.can_mail.then(|| ALL_OWN.into());
        own.config_loaded(self.audience.policy.receivers.keys().chain(&own_mail), clock.now());
        app.set_access(self.access);
        app.set_tls(self.tls);
        app.services.in_force.set_audience(self.audience);
        app.services.in_force.set_zone(self.zone);
        app.services.in_force.set_main_file(self.main_file);
    }
}
