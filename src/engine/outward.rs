//! The receivers and Alertmanagers of one configuration, and what it looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Config, Faults};
use crate::core::route::{ReceiverName, is_own_receiver};
use crate::notify::alertmanager::Pusher;
use crate::notify::{PingUrls, Transport, Wording};
use crate::probe::Looker;

/// Where messages and alerts go, and where we look, according to one configuration.
#[derive(Debug, Default)]
pub struct Outward {
    receivers: BTreeMap<ReceiverName, Arc<Transport>>,
    /// For the addresses that checks mail to themselves; set if there is a mail server.
    of_checks: Option<Arc<Transport>>,
    /// Looks at what the configuration names.
    pub(super) looker: Arc<Looker>,
    /// One for each Alertmanager, so that they do not wait for each other.
    pub(super) pushers: Vec<Arc<Pusher>>,
}

impl Outward {
    /// Builds what the configuration names, and renders every template once. Connects to nothing yet. `wording` is how
    /// checks mail to their own addresses; `ping_urls` never stand in what is sent.
    pub fn new(config: &Config, wording: Wording, ping_urls: &PingUrls) -> Result<Outward, Faults> {
        let (mut receivers, mut faults) = (BTreeMap::new(), Vec::new());
        for receiver in &config.receivers {
            let name = receiver.name.clone();
            match Transport::new(receiver, config.smtp.as_ref(), Transport::TIMEOUT, ping_urls) {
                Ok(transport) => drop(receivers.insert(name, Arc::new(transport))),
                Err(error) => faults.push((name, error.to_string())),
            }
        }
        if !faults.is_empty() {
            return Err(config.faults(faults));
        }
        let of_checks = config.smtp.as_ref().map(|smtp| {
            let transport = Transport::of_checks(smtp, wording, Transport::TIMEOUT, ping_urls);
            Arc::new(transport.expect("the sender's address was read with the configuration"))
        });
        let pusher = |one| Arc::new(Pusher::new(one, Pusher::TIMEOUT, ping_urls));
        let pushers = config.alertmanagers.iter().map(pusher);
        let looker = Looker::new(&config.prometheuses, &config.databases);
        let looker = Arc::new(looker.with_commands(config.allows_exec));
        Ok(Outward { receivers, of_checks, looker, pushers: pushers.collect() })
    }

    /// Warnings about settings that are valid but will disappoint: the receiver and a text for people.
    pub fn warnings(&self) -> Vec<(ReceiverName, String)> {
        let of =
            |(name, transport): (&ReceiverName, &Arc<Transport>)| Some((name.clone(), transport.warning()?));
        self.receivers.iter().filter_map(of).collect()
    }

    /// The transport of a receiver, or why there is none now.
    pub fn receiver(&self, name: &str) -> Result<Arc<Transport>, &'static str> {
        if is_own_receiver(name) {
            return self.of_checks.clone().ok_or("no mail server is configured: `smtp: {host: …, from: …}`");
        }
        // A reload came between claim and send. If the receiver is really gone, the next claim parks the message.
        self.receivers.get(name).cloned().ok_or("the receiver is being reconfigured")
    }
}
