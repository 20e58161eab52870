//! Looks of punctual's own (17.5 to 17.7): begun when they are due, bounded, and handed to the writer as a reporter's result is.
//!
//! They run on a thread of their own: whatever a server answers, no ping waits for it.

mod agenda;
mod looks;
mod task;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::shared::{Engine, duration};
use crate::core::assertion::Outcome;
use crate::core::probe::ProbeFound;
use crate::core::time::{Span, Time};
use crate::store::live::CheckList;
use agenda::{Agenda, DueLook, LookEnd};
use looks::Looks;
use task::{Look, LookDone};

/// The most looks that run at a time (17.6).
const MAX_RUNNING: usize = 64;
/// The longest sleep: so soon it is noticed that other checks are declared, or that the clock was set.
const LOOK_ROUND_EVERY: Span = Span::secs(1);

/// Looks until it is dropped, which ends all looks that run (17.7).
pub(super) async fn run(engine: &Arc<Engine>) {
    let mut prober = Prober {
        engine,
        agenda: Agenda::default(),
        declared: CheckList::default(),
        newest: engine.clock.now(),
        apart: Apart(None),
        looks: Looks::new(),
    };
    loop {
        prober.look_round();
        prober.begin_all();
        let sleep = prober.until_next();
        tokio::select! {
            (look, looked) = prober.looks.next() => prober.end(&look, looked),
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// The thread on which looks run, once there is one.
struct Apart(Option<Runtime>);

impl Apart {
    fn runtime(&mut self) -> std::io::Result<&Runtime> {
        if self.0.is_none() {
            let mut builder = Builder::new_multi_thread();
            self.0 = Some(builder.worker_threads(1).thread_name("probes").enable_all().build()?);
        }
        Ok(self.0.as_ref().expect("it was made"))
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

struct Prober<'e> {
    engine: &'e Arc<Engine>,
    agenda: Agenda,
    /// The checks of the agenda, as they were listed.
    declared: CheckList,
    /// The newest time that was seen.
    newest: Time,
    apart: Apart,
    looks: Looks<Arc<Look>, LookDone>,
}

impl Prober<'_> {
    /// Takes in what has changed around us.
    fn look_round(&mut self) {
        let now = self.engine.clock.now();
        if now < self.newest {
            self.agenda.bring_back_to(now);
        }
        self.newest = now;
        let directory = self.engine.live.directory();
        if !directory.probed.is_copy_of(&self.declared) {
            self.declared = directory.probed.clone();
            self.agenda.declare(self.declared.iter(), now);
        }
    }

    /// While the clock is doubted nothing is judged (1.1), and while nothing can be stored there is nothing to look for.
    fn may_begin(&self) -> bool {
        self.engine.clock.is_trusted() && self.engine.writer.is_healthy()
    }

    fn until_next(&self) -> Duration {
        let now = self.engine.clock.now();
        // What is due and has not begun waits for another to end, or for us to look round.
        let next = self.agenda.next().filter(|next| *next > now);
        duration(next.map_or(LOOK_ROUND_EVERY, |next| next - now).min(LOOK_ROUND_EVERY))
    }

    fn begin_all(&mut self) {
        let engine = self.engine;
        while self.may_begin()
            && let Some(due) = self.agenda.begin(MAX_RUNNING, engine.clock.now())
        {
            self.begin(&due);
        }
        let (running, now) = (self.agenda.running(), engine.clock.now());
        engine.counters.probes.running.store(running as u64, Ordering::Relaxed);
        let oldest = self.agenda.next().filter(|due| *due <= now);
        engine.counters.probes.waits_since(oldest);
    }

    fn begin(&mut self, DueLook { check, due }: &DueLook) {
        let (engine, now) = (self.engine, self.engine.clock.now());
        let is_paused = check.known().state.pause.since().is_some();
        let Some(look) = Look::new(check, *due, now).filter(|_| !is_paused) else {
            self.agenda.end(check.id, LookEnd::NotWanted, now);
            return;
        };
        let runtime = match self.apart.runtime() {
            Ok(runtime) => runtime.handle().clone(),
            Err(error) => {
                tracing::error!(%error, "nothing can be looked at: no thread can be started");
                self.agenda.end(check.id, LookEnd::NotStored, now);
                return;
            }
        };
        engine.counters.probes.lag.observe(duration(now - *due));
        let look = Arc::new(look);
        let (writer, looker) = (engine.writer.clone(), engine.outward.borrow().looker.clone());
        self.looks.begin(look.clone(), task::run(look, looker, writer), &runtime);
    }

    fn end(&mut self, look: &Look, looked: Option<LookDone>) {
        let LookDone { outcome, became } = looked.unwrap_or_else(|| self.tell_bug(look));
        let probes = &self.engine.counters.probes;
        let skipped = self.agenda.end(look.check.id, became, self.engine.clock.now());
        probes.skipped.fetch_add(skipped, Ordering::Relaxed);
        probes.ended(look.kind, outcome == Outcome::Unknown);
    }

    /// Nobody knows whether it holds, and the check says so (17.4).
    fn tell_bug(&self, look: &Look) -> LookDone {
        let found = ProbeFound::unknown("a fault of punctual: the log says which");
        let is_queued = self.engine.writer.report(look.check.id, look.fact(found, None)).is_ok();
        let became = if is_queued { LookEnd::Done } else { LookEnd::NotStored };
        LookDone { outcome: Outcome::Unknown, became }
    }
}
