//! The certificates of TLS are read again when their files have changed, without a reload (23.9).

use std::time::Duration;

use tokio::runtime::Handle;

use super::difference::log_faults;
use crate::config::{Config, ContentHash, ServerTls};
use crate::http::App;
use crate::metrics::Own;

/// How often it is looked whether they have changed.
pub(super) const INTERVAL: Duration = Duration::from_secs(2);

/// The certificates in use, and what was seen of their files.
pub(super) struct Certificates {
    in_use: Option<ServerTls>,
    /// What the last look saw, if it was another than what was read last: certificate and key are two files, of which one is new
    /// before the other.
    changing: Option<ContentHash>,
    /// What was read and could not be used.
    refused: Option<ContentHash>,
}

impl Certificates {
    /// As they were loaded with this configuration.
    pub(super) fn of(config: &Config) -> Certificates {
        Certificates { in_use: config.web.tls.clone(), changing: None, refused: None }
    }

    /// Whether there are any to look at.
    pub(super) fn are_there(&self) -> bool {
        self.in_use.is_some()
    }

    /// Whether files that look so now have changed, and have stayed the same for a while.
    fn has_settled(&mut self, in_use: &ServerTls, now: ContentHash) -> bool {
        if now == in_use.hash() || Some(now) == self.refused {
            self.changing = None;
            return false;
        }
        self.changing.replace(now) == Some(now)
    }

    /// Takes new certificates, if there are any: connections that come from now on get them, and those that are there stay. Answers
    /// whether it did.
    pub(super) async fn look(&mut self, app: &App, own: &Own, thread: &Handle) -> bool {
        let Some(in_use) = self.in_use.clone() else { return false };
        let looked_at = in_use.clone();
        let Ok(now) = thread.spawn_blocking(move || looked_at.hash_now()).await else { return false };
        if now == in_use.hash() {
            // What could not be used is gone again.
            self.refused = None;
            are_well(app, own);
        }
        if !self.has_settled(&in_use, now) {
            return false;
        }
        self.changing = None;
        match thread.spawn_blocking(move || in_use.read_again()).await {
            Ok(Ok(tls)) => {
                app.set_tls(Some(tls.setup.clone()));
                tracing::info!("the certificates have changed, and are used");
                (self.refused, self.in_use) = (None, Some(tls));
                are_well(app, own);
                return true;
            }
            Ok(Err(why)) => {
                self.refused = Some(now);
                log_faults("the certificates have changed and cannot be used, those before still are", &why);
                own.config_refused();
                app.services.in_force.set_certificate_fault(Some(format!("the certificates: {why}")));
            }
            Err(error) => tracing::error!(%error, "the certificates were not read again"),
        }
        false
    }
}

fn are_well(app: &App, own: &Own) {
    let in_force = &app.services.in_force;
    if in_force.notices().certificate_fault.is_some() {
        in_force.set_certificate_fault(None);
        if in_force.notices().are_none() {
            own.config_mended();
        }
    }
}
