//! Reading the configuration again: all of it is taken, or nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::carry_on::carry_on;
use super::certificates::{self, Certificates};
use super::difference::{Difference, Rest, log_faults};
use super::for_app::ForApp;
use super::last_read::{LastRead, RefusedReload};
use crate::app::{Notices, ReloadRequest};
use crate::clock::{Clock, Stopwatch};
use crate::compat;
use crate::config::{Config, ConfigFiles, ContentHash, Faults};
use crate::core::audit::Audit;
use crate::engine::Outward;
use crate::http::App;
use crate::metrics::Own;
use crate::store::writer::Writer;
use crate::store::{Compared, Configuration, ConfigureError, ReloadNote, StoreError};
use crate::zones;

/// How often it is looked for newer data of time zones.
const ZONES_INTERVAL: Duration = Duration::from_secs(60);

/// Files that nobody asked to read again are read once they have stayed the same for so long: one that is written in place,
/// as scp and some editors do, is half of itself for a while (10.3).
const SETTLED: Duration = Duration::from_secs(5);

/// What was taken and could not be carried out to its end is tried again after so long.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Owns what a new configuration replaces.
pub(super) struct Reloader {
    pub(super) files: ConfigFiles,
    pub(super) certificates: Certificates,
    pub(super) allow_mass_removal: bool,
    /// Of [`reading_thread`].
    pub(super) thread: Handle,
    pub(super) app: Arc<App>,
    pub(super) writer: Arc<Writer>,
    pub(super) clock: Arc<Clock>,
    pub(super) own: Arc<Own>,
    pub(super) outward: watch::Sender<Arc<Outward>>,
    /// What is in force, beside the checks.
    pub(super) rest: Rest,
    /// What was in force before, while what was taken is not carried out to its end (10.5).
    pub(super) unfinished: Option<Rest>,
    /// Somebody asked for a reload meanwhile, which follows.
    pub(super) asked_again_by: Option<String>,
    /// What was read last, taken or faulty. What could not be stored was not seen: it is tried again.
    pub(super) seen: LastRead,
}

/// What makes it read the configuration again.
pub(super) struct Occasions {
    /// Somebody asks.
    pub(super) requests: mpsc::Receiver<ReloadRequest>,
    /// SIGHUP.
    pub(super) hangups: Signal,
    /// Files that have changed are looked for so often.
    pub(super) interval: Option<Duration>,
}

impl Reloader {
    /// Reloads whenever there is an occasion, until this is dropped. If that ends by a bug, judging goes on by the
    /// configuration that is there, and people are told as of any reload that failed.
    pub(super) async fn run(self, occasions: Occasions) {
        let (app, own) = (self.app.clone(), self.own.clone());
        let fault = bug_of(self.wait_for(occasions)).await;
        tracing::error!("no configuration is read any more until the next start: {fault}");
        own.config_refused();
        app.services
            .in_force
            .set_reload_fault(format!("none is read any more until the next start: {fault}"));
    }

    async fn wait_for(mut self, occasions: Occasions) {
        let Occasions { mut requests, mut hangups, interval } = occasions;
        let mut zones_before = None;
        let mut waiting = None;
        let mut minutes = tokio::time::interval(ZONES_INTERVAL);
        let mut looks = tokio::time::interval(certificates::INTERVAL);
        loop {
            let look = async {
                match interval {
                    Some(interval) => tokio::time::sleep(interval).await,
                    None => std::future::pending().await,
                }
            };
            let again = async {
                match self.unfinished {
                    Some(_) => tokio::time::sleep(TRY_AGAIN_AFTER).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(ReloadRequest { allow_mass_removal, by, outcome }) = requests.recv() => {
                    let reloaded = self.reload(allow_mass_removal, by).await;
                    // Whoever asked may have gone away.
                    let _ = outcome.send(reloaded);
                }
                _ = hangups.recv() => drop(self.reload(false, "SIGHUP".to_owned()).await),
                _ = looks.tick(), if self.certificates.are_there() || self.seen.refused.is_some() => {
                    self.look_at_certificates().await;
                }
                _ = minutes.tick() => self.look_at_zones(&mut zones_before).await,
                () = again => self.go_on().await,
                () = look => if self.has_settled(&mut waiting).await {
                    drop(self.reload(false, format!("{} (files have changed)", Audit::SERVER)).await);
                },
            }
        }
    }

    /// Other rules of a zone are other schedules (10.2), so that they are taken as those are. A database that is being
    /// written is waited for, and files that nobody asked to reload are not reloaded for it.
    async fn look_at_zones(&mut self, before: &mut Option<Vec<zones::FileMark>>) {
        let look = || {
            let zones = zones::current();
            zones.has_changed().then(|| zones.look())
        };
        let now = self.beside(look).await.ok().flatten();
        let is_quiet = now.is_some() && now == *before;
        *before = now;
        if !is_quiet {
            return;
        }
        if self.has_changed().await {
            tracing::warn!(
                "the data of time zones has changed: it is taken at the next reload, for the files have changed as well"
            );
        } else {
            drop(self.reload(false, format!("{} (time zones have changed)", Audit::SERVER)).await);
        }
    }

    /// Certificates that have changed are used. A reload that was refused is made again once nothing but certificates has changed
    /// since: whoever asked for it has mended them, and need not ask again.
    async fn look_at_certificates(&mut self) {
        let is_used = self.certificates.look(&self.app, &self.own, &self.thread).await;
        // To look at all files costs as much as to hash them, which may be many.
        if !is_used && self.seen.refused.is_none() {
            return;
        }
        let seen = self.seen.clone();
        let now = self.beside(move || seen.of_other_certificates()).await.ok().flatten();
        match (self.seen.refused.take(), now) {
            (Some(refused), Some(now)) if refused.changing == Some(now) => {
                drop(self.reload(refused.allow_mass_removal, refused.by).await);
            }
            (Some(refused), now) => self.seen.refused = Some(RefusedReload { changing: now, ..refused }),
            (None, Some(now)) if is_used => self.seen.hash = now,
            (None, _) => {}
        }
    }

    async fn has_changed(&self) -> bool {
        self.change().await.is_some()
    }

    /// What is there, if it is not what was read last.
    async fn change(&self) -> Option<ContentHash> {
        let inputs = self.seen.inputs.clone();
        let hash = self.beside(move || inputs.hash()).await;
        hash.ok().filter(|hash| *hash != self.seen.hash)
    }

    /// Whether there is a change that has stayed the same for a while; `waiting` is what was seen of it, and since when.
    async fn has_settled(&self, waiting: &mut Option<(ContentHash, Stopwatch)>) -> bool {
        let Some(now) = self.change().await else {
            *waiting = None;
            return false;
        };
        match waiting {
            Some((before, since)) if *before == now => since.took() >= SETTLED,
            _ => {
                *waiting = Some((now, Stopwatch::start()));
                false
            }
        }
    }

    /// Says what changed, or what is wrong; both are logged.
    async fn reload(&mut self, allow_mass_removal: bool, by: String) -> Result<String, String> {
        let outcome = match self.finish().await {
            Ok(()) => {
                self.asked_again_by = None;
                self.take(allow_mass_removal || self.allow_mass_removal, by).await
            }
            Err(fault) => {
                self.asked_again_by = Some(by);
                Err(format!("what was taken before comes first: {fault}"))
            }
        };
        match &outcome {
            Ok(done) => self.tell_done(done),
            Err(fault) if self.unfinished.is_some() => {
                tracing::error!("{fault}");
                self.app.services.in_force.set_reload_fault(fault.clone());
            }
            Err(fault) => {
                log_faults("the configuration was not reloaded, the one before is still used", fault);
                self.own.config_refused();
                self.app.services.in_force.set_reload_fault(fault.clone());
            }
        }
        outcome.map(|done| done.in_lines())
    }

    /// What was taken is carried out to its end.
    async fn finish(&mut self) -> Result<(), String> {
        if self.unfinished.is_some() {
            let done = self.carry_on().await?;
            self.tell_done(&done);
        }
        Ok(())
    }

    /// The same, and then what was asked for meanwhile.
    async fn go_on(&mut self) {
        if self.finish().await.is_ok()
            && let Some(by) = self.asked_again_by.take()
        {
            drop(self.reload(false, by).await);
        }
    }

    fn tell_done(&self, done: &Difference) {
        done.log("configuration reloaded");
        self.app.services.in_force.set_notices(Notices::default());
    }

    async fn carry_on(&mut self) -> Result<Difference, String> {
        // Dropped here, and not by the writer: at 100,000 changes that takes tens of milliseconds.
        let taken = self.app.services.live.pending();
        let carried = carry_on(&self.writer).await;
        drop(self.beside(move || drop(taken)).await);
        let changes = carried.map_err(|error: StoreError| {
            format!("the configuration is taken, but not all checks are changed yet, which goes on by itself: {error}")
        })?;
        let before = self.unfinished.take();
        Ok(Difference::new(&changes, before.as_ref(), &self.rest))
    }

    async fn take(&mut self, allow_mass_removal: bool, actor: String) -> Result<Difference, String> {
        let files = self.files.clone();
        let (config, outward) = match self.beside(move || load(&files)).await? {
            Ok((config, outward)) => (config, Arc::new(outward)),
            Err(faults) => {
                let refused = RefusedReload { allow_mass_removal, by: actor, changing: None };
                self.seen = LastRead::of_faults(&faults, refused);
                return Err(faults.to_string());
            }
        };
        let seen = LastRead::of(&config);
        let rest = Rest::of(&config);
        let (for_app, certificates) = (ForApp::of(&config), Certificates::of(&config));
        let mut configuration = configuration(config, allow_mass_removal);
        configuration.changed_receivers = rest.changed_receivers(&self.rest);
        let note = ReloadNote { actor, also: rest.changed_since(&self.rest).join(", ") };
        match self.hand_over((configuration, note), outward, for_app).await? {
            Ok(()) => {
                self.seen = seen;
                self.certificates = certificates;
                rest.warn(Some(&self.rest));
                self.unfinished = Some(std::mem::replace(&mut self.rest, rest));
                self.carry_on().await
            }
            Err(error) => {
                if !matches!(error, ConfigureError::Store(_)) {
                    self.seen = seen;
                }
                Err(error.to_string())
            }
        }
    }

    /// The writer takes a configuration. It is compared before and dropped after beside it: pings wait for the difference alone.
    async fn hand_over(
        &self,
        (configuration, note): (Configuration, ReloadNote),
        outward: Arc<Outward>,
        for_app: ForApp,
    ) -> Result<Result<(), ConfigureError>, String> {
        let directory = self.app.services.live.directory();
        let mut compared = self.beside(move || Compared::new(configuration, &directory)).await?;
        compared.note = note;
        let (in_force, app) = (self.outward.clone(), self.app.clone());
        let (own, clock) = (self.own.clone(), self.clock.clone());
        let taken = self.writer.call(move |store, now| {
            let taken = store.take(&mut compared, false, now);
            if taken.is_ok() {
                // On this thread, so that nothing is claimed for a receiver that cannot be reached yet.
                in_force.send_replace(outward);
                for_app.put_into(&app, &own, &clock);
            }
            (taken, compared)
        });
        let (taken, compared) = taken.await;
        let is_taken = taken.is_ok();
        self.beside(move || is_taken.then(|| compared.move_lines())).await?;
        Ok(taken)
    }

    /// What may take long at a million checks runs beside everything else.
    async fn beside<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, String> {
        self.thread.spawn_blocking(work).await.map_err(|error| error.to_string())
    }
}

/// Always the same thread reads the configuration. What a thread frees, the allocator keeps for that thread: of several, each
/// would keep as much as that takes. It only blocks: nothing drives tasks or timers that were begun on it.
pub(super) fn reading_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread()
        .max_blocking_threads(1)
        .thread_keep_alive(Duration::MAX)
        .thread_name("configuration")
        .build()
}

/// A configuration, and the ways outward that it names.
pub(super) type Loaded = (Config, Outward);

/// Reads the files, and makes ready what they say about the ways outward: faults of both keep a configuration from use.
pub(super) fn load(files: &ConfigFiles) -> Result<Loaded, Faults> {
    if zones::refresh() {
        tell_zones();
    }
    let mut config = files.load(&compat::DOOR_KEYS)?;
    let outward = Outward::new(&config, compat::mail, &compat::ping_urls())?;
    config.warn(outward.warnings());
    Ok((config, outward))
}

/// Says which data of time zones is in use.
pub(super) fn tell_zones() {
    let zones = zones::current();
    tracing::info!("time zones: {zones}");
    if let Some(notice) = zones.notice() {
        tracing::info!("{notice}");
    }
}

/// How a task that never ends has ended.
async fn bug_of(task: impl Future<Output = ()> + Send + 'static) -> String {
    // Dropped with this.
    let mut tasks = JoinSet::new();
    tasks.spawn(task);
    match tasks.join_next().await {
        Some(Err(error)) => format!("reloading has ended by a bug: {error}"),
        Some(Ok(())) | None => "reloading has ended".to_owned(),
    }
}

/// What the store keeps of it.
pub(super) fn configuration(config: Config, allow_mass_removal: bool) -> Configuration {
    let Config { checks, policy, retention, max_checks, .. } = config;
    let changed_receivers = BTreeSet::new();
    Configuration { checks, policy, retention, max_checks, allow_mass_removal, changed_receivers }
}

#[cfg(test)]
mod tests;
