//! Receivers and Alertmanagers of one configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Config;
use crate::core::route::ReceiverName;
use crate::notify::alertmanager::Pusher;
use crate::notify::{SetupError, Transport};

/// Where messages and alerts go, by one configuration.
#[derive(Debug, Default)]
pub struct Outward {
    receivers: BTreeMap<ReceiverName, Arc<Transport>>,
    /// There is none to push to: nothing is pushed.
    pub(super) pusher: Option<Pusher>,
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
        let alertmanagers = &config.alertmanagers;
        let pusher = (!alertmanagers.is_empty()).then(|| Pusher::new(alertmanagers, Pusher::TIMEOUT));
        Ok(Outward { receivers, pusher })
    }

    /// How a receiver is reached.
    pub(super) fn receiver(&self, name: &str) -> Option<Arc<Transport>> {
        self.receivers.get(name).cloned()
    }
}

/// A receiver that cannot be reached as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("receiver `{receiver}`: {error}")]
pub struct OutwardError {
    receiver: ReceiverName,
    error: SetupError,
}
