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
    /// That is what people are told.
    is_told: bool,
}

impl Certificates {
    /// As they were loaded with this configuration.
    pub(super) fn of(config: &Config) -> Certificates {
        Certificates { in_use: config.web.tls.clone(), changing: None, refused: None, is_told: false }
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

    /// Takes new certificates, if there are any: connections that come from now on get them, and those that are there stay.
    pub(super) async fn look(&mut self, app: &App, own: &Own, thread: &Handle) {
        let Some(in_use) = self.in_use.clone() else { return };
        let looked_at = in_use.clone();
        let Ok(now) = thread.spawn_blocking(move || looked_at.hash_now()).await else { return };
        if now == in_use.hash() {
            // What could not be used is gone again.
            self.refused = None;
            self.are_well(app, own);
        }
        if !self.has_settled(&in_use, now) {
            return;
        }
        self.changing = None;
        match thread.spawn_blocking(move || in_use.read_again()).await {
            Ok(Ok(tls)) => {
                app.set_tls(Some(tls.setup.clone()));
                tracing::info!("the certificates have changed, and are used");
                (self.refused, self.in_use) = (None, Some(tls));
                self.are_well(app, own);
            }
            Ok(Err(why)) => {
                self.refused = Some(now);
                log_faults("the certificates have changed and cannot be used, those before still are", &why);
                own.config_refused();
                let in_force = &app.services.in_force;
                // What else was refused is told until it is mended.
                if self.is_told || in_force.notices().reload_fault.is_none() {
                    in_force.set_reload_fault(format!("the certificates: {why}"));
                    self.is_told = true;
                }
            }
            Err(error) => tracing::error!(%error, "the certificates were not read again"),
        }
    }

    /// A reload was refused, which is what people are told from now on.
    pub(super) fn are_told_otherwise(&mut self) {
        self.is_told = false;
    }

    fn are_well(&mut self, app: &App, own: &Own) {
        if std::mem::take(&mut self.is_told) {
            let in_force = &app.services.in_force;
            in_force.clear_reload_fault();
            let notices = in_force.notices();
            if notices.kept.is_empty() && notices.passed_over.is_empty() {
                own.config_mended();
            }
        }
    }
}
