//! Receivers and Alertmanagers of one configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Config;
use crate::core::route::{ALL_OWN, ReceiverName, is_own_receiver};
use crate::notify::alertmanager::Pusher;
use crate::notify::{SetupError, Transport};

/// Where messages and alerts go, by one configuration.
#[derive(Debug, Default)]
pub struct Outward {
    receivers: BTreeMap<ReceiverName, Arc<Transport>>,
    /// To the addresses that checks mail themselves; there if there is a mail server.
    of_checks: Option<Arc<Transport>>,
    /// One for each Alertmanager: they do not wait for each other.
    pub(super) pushers: Vec<Arc<Pusher>>,
}

impl Outward {
    /// Makes what the configuration names. Nothing is connected yet.
    pub fn new(config: &Config) -> Result<Outward, OutwardError> {
        let mut receivers = BTreeMap::new();
        for receiver in &config.receivers {
            let transport = Transport::new(receiver, config.smtp.as_ref(), Transport::TIMEOUT)
                .map_err(|error| OutwardError { receiver: receiver.name.clone(), error })?;
            receivers.insert(receiver.name.clone(), Arc::new(transport));
        }
        let of_checks = config.smtp.as_ref().map(|smtp| Transport::of_checks(smtp, Transport::TIMEOUT));
        let of_checks =
            of_checks.transpose().map_err(|error| OutwardError { receiver: ALL_OWN.into(), error })?;
        let pushers = config.alertmanagers.chunks(1).map(|one| Arc::new(Pusher::new(one, Pusher::TIMEOUT)));
        Ok(Outward { receivers, of_checks: of_checks.map(Arc::new), pushers: pushers.collect() })
    }

    /// How a receiver is reached, or why not now.
    pub(super) fn receiver(&self, name: &str) -> Result<Arc<Transport>, &'static str> {
        if is_own_receiver(name) {
            return self.of_checks.clone().ok_or("no mail server is configured: `smtp: {host: …, from: …}`");
        }
        // A reload between claim and send; the next claim parks it if the receiver is really gone.
        self.receivers.get(name).cloned().ok_or("the receiver is being reconfigured")
    }
}

/// A receiver that cannot be reached as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("receiver `{receiver}`: {error}")]
pub struct OutwardError {
    receiver: ReceiverName,
    error: SetupError,
}
