//! Looks of punctual's own (17.5 to 17.7): begun when they are due, bounded, and handed to the writer as a reporter's result is.
//!
mod agenda;
mod apart;
mod looks;
mod task;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;

use super::shared::{Engine, duration};
use crate::core::assertion::{FoundBy, Outcome};
use crate::core::time::{Span, Time};
use crate::probe::Looker;
use crate::store::live::CheckList;
use agenda::{Agenda, DueLook, LookEnd};
use apart::Apart;
use looks::Looks;
use task::{Look, LookDone};
use waiting::LookLimits;

/// The longest sleep: so soon it is noticed that other checks are declared, or that the clock was set.
const LOOK_ROUND_EVERY: Span = Span::secs(1);

/// Looks until it is dropped, which ends all looks that run (17.7).
pub(super) async fn run(engine: &Arc<Engine>) {
    let looker = engine.outward.borrow().looker.clone();
    let mut prober = Prober {
        engine,
        agenda: Agenda::default(),
        declared: CheckList::default(),
        limits: limits(&looker),
        looker,
        newest: engine.clock.now(),
        apart: Apart::default(),
        is_threadless: false,
        looks: Looks::new(),
    };
    loop {
        prober.look_round();
        prober.begin_all().await;
        let sleep = prober.until_next();
        tokio::select! {
            (look, looked) = prober.looks.next() => prober.end(&look, looked),
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

struct Prober<'e> {
    engine: &'e Arc<Engine>,
    agenda: Agenda,
    /// The checks of the agenda, as they were listed.
    declared: CheckList,
    /// With what it is looked.
    looker: Arc<Looker>,
    limits: LookLimits,
    /// The newest time that was seen.
    newest: Time,
    apart: Apart,
    /// The thread could not be had when it was last asked for.
    is_threadless: bool,
    looks: Looks<Arc<Look>, LookDone>,
}

fn limits(looker: &Looker) -> LookLimits {
    LookLimits::with_databases(looker.max_connections())
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
        self.agenda.look_for_ends_of_pauses(now);
        let looker = self.engine.outward.borrow().looker.clone();
        if !Arc::ptr_eq(&looker, &self.looker) {
            // 17.5b: another Prometheus or database of that name is another thing.
            let is_asked_otherwise = |found_by: &FoundBy| !looker.asks_as(&self.looker, found_by);
            self.agenda.look_again(is_asked_otherwise, now);
            self.limits = limits(&looker);
            self.looker = looker;
        }
    }

    /// While the clock is doubted nothing is judged (1.1), and while nothing can be stored there is nothing to look for.
    fn may_begin(&self) -> bool {
        self.engine.clock.is_trusted() && self.engine.writer.is_healthy()
    }

    fn until_next(&self) -> Duration {
        let now = self.engine.clock.now();
        // What is due and has not begun waits for another to end, or for us to look round.
        let next = self.agenda.next_after(now);
        duration(next.map_or(LOOK_ROUND_EVERY, |next| next - now).min(LOOK_ROUND_EVERY))
    }

    async fn begin_all(&mut self) {
        let engine = self.engine;
        if self.may_begin()
            && self.agenda.is_due(engine.clock.now())
            && let Some(runtime) = self.runtime().await
        {
            while let Some(due) = self.agenda.begin(&self.limits, engine.clock.now()) {
                self.begin(&due, &runtime);
            }
        }
        let (probes, now) = (&engine.counters.probes, engine.clock.now());
        probes.running.store(self.agenda.running().all() as u64, Ordering::Relaxed);
        probes.waits_since(self.agenda.next().filter(|due| *due <= now));
        probes.ends_by(self.looks.running().map(|look| look.ends_by()).min());
        probes.trust.note(!engine.outward.borrow().looker.lacks_trust(), now);
        probes.note_superusers(self.looker.superusers());
    }

    /// What is due waits for it, and is begun in a later round.
    async fn runtime(&mut self) -> Option<Handle> {
        let runtime = self.apart.runtime().await;
        if let Err(error) = &runtime
            && !self.is_threadless
        {
            tracing::error!(%error, "nothing can be looked at: no thread can be started");
        }
        self.is_threadless = runtime.is_err();
        runtime.ok()
    }

    fn begin(&mut self, DueLook { check, due }: &DueLook, runtime: &Handle) {
        let (engine, now) = (self.engine, self.engine.clock.now());
        let is_paused = check.known().state.pause.since().is_some();
        let Some(look) = Look::new(check, *due, now).filter(|_| !is_paused) else {
            self.agenda.end(check.id, LookEnd::NotWanted, now);
            return;
        };
        engine.counters.probes.lag.observe(duration(now - *due));
        let look = Arc::new(look);
        let (writer, outward) = (engine.writer.clone(), engine.outward.clone());
        self.looks.begin(look.clone(), task::run(look, outward, writer), runtime);
    }

    /// What ended by a bug has stored nothing.
    fn end(&mut self, look: &Look, looked: Option<LookDone>) {
        let LookDone { outcome, became } = looked.unwrap_or(LookDone::NOTHING);
        let probes = &self.engine.counters.probes;
        let skipped = self.agenda.end(look.check.id, became, self.engine.clock.now());
        probes.skipped.fetch_add(skipped, Ordering::Relaxed);
        probes.ended(look.kind, outcome == Outcome::Unknown);
    }
}
