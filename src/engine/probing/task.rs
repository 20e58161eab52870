//! One look, from its beginning until what it has found is stored.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::agenda::LookEnd;
use crate::clock::Stopwatch;
use crate::core::assertion::{Assertion, AssertionResult, Finds, Outcome};
use crate::core::probe::{ProbeFound, ProbeKind, period, time_out};
use crate::core::time::{Span, Time};
use crate::engine::outward::Outward;
use crate::probe::Looker;
use crate::store::live::Check;
use crate::store::writer::Writer;
use crate::store::{
    Applied, FoundAt, PingFact, RecordAnswer, RecordCall, RecordNews, RecordOrder, ResultFact, ResultSlice,
};

/// What is looked at, and since when.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) check: Arc<Check>,
    pub(super) kind: ProbeKind,
    assertion: Arc<Assertion>,
    period: Option<Span>,
    begun: Time,
}

/// What a look came to.
#[derive(Debug)]
pub(super) struct LookDone {
    pub(super) outcome: Outcome,
    pub(super) became: LookEnd,
}

impl LookDone {
    /// Nothing is known of it.
    pub(super) const NOTHING: LookDone = LookDone { outcome: Outcome::Unknown, became: LookEnd::NotStored };
}

impl Look {
    /// A look at what a check asserts, which was due then; `None`: punctual does not look at it.
    pub(super) fn new(check: &Arc<Check>, due: Time, begun: Time) -> Option<Look> {
        let definition = &check.definition;
        let assertion = definition.spec.assert.clone()?;
        let kind = assertion.found_by.probe()?;
        let period = period(definition.name.as_str(), &definition.spec.schedule, due);
        Some(Look { check: check.clone(), kind, assertion, period, begun })
    }

    /// When it should end: a command may take an hour.
    pub(super) fn ends_by(&self) -> Time {
        let asked = self.assertion.found_by.timeout();
        self.begun + asked.map_or(Span::ZERO, |asked| time_out(asked, self.period))
    }

    /// What it has found, as it is stored.
    fn fact(&self, found: ProbeFound, took: Span) -> ResultFact {
        // 19.1: what is detected has a name. A command that fails without any could not tell.
        let is_nameless = found.outcome == Outcome::Violated && found.rows.is_empty();
        let finds_nothing = is_nameless && self.assertion.finds != Finds::Lasting;
        let outcome = if finds_nothing { Outcome::Unknown } else { found.outcome };
        let why = Some(&found.why).filter(|why| !why.is_empty()).map(|why| PingFact::kept(why).to_owned());
        let are_records = self.assertion.max_records.is_some() && found.names_all();
        // Rows that are records are not kept as a text, too (18.3).
        let text = if are_records { "" } else { &found.text };
        let (text, left_out) = PingFact::kept_body(text);
        ResultFact {
            result: AssertionResult::new(outcome, Some(took)),
            why,
            text,
            left_out,
            records: are_records.then(|| Arc::new(found.named())),
            source: self.source(),
        }
    }

    fn source(&self) -> FoundAt {
        FoundAt::Probe { assertion: self.assertion.clone(), begun: self.begun }
    }
}

/// Looks, and waits until what was found is stored, or cannot be.
pub(super) async fn run(
    look: Arc<Look>,
    outward: watch::Receiver<Arc<Outward>>,
    writer: Arc<Writer>,
) -> LookDone {
    let watch = Stopwatch::start();
    let looker = outward.borrow().looker.clone();
    let found = found(look.clone(), looker.clone()).await;
    let outcome = found.outcome;
    if !outward.borrow().looker.asks_as(&looker, &look.assertion.found_by) {
        return LookDone { outcome, became: LookEnd::NotWanted };
    }
    let took = Span::ms(i64::try_from(watch.took().as_millis()).unwrap_or(i64::MAX));
    let became = stored(&look, &writer, look.fact(found, took)).await;
    LookDone { outcome, became }
}

/// What it makes of many records is stored in slices before its fact, with pings between them (18.7). Where that is broken off, the
/// fact is missing, and it is looked at again.
async fn stored(look: &Look, writer: &Writer, fact: ResultFact) -> LookEnd {
    for _ in 0..MOST_TRIES {
        let Ok(answer) = writer.report(look.check.id, fact.clone()) else { return LookEnd::NotStored };
        match answer.await {
            Ok(Ok(Applied::InSlices)) => {}
            Ok(Ok(Applied::Outdated)) => return LookEnd::NotWanted,
            Ok(Ok(Applied::Result(_))) => return LookEnd::Done,
            Ok(Ok(other)) => {
                let check = &look.check.definition.name;
                tracing::info!(%check, ?other, "what a look has found is not taken");
                return LookEnd::Done;
            }
            // The writer has said why.
            Ok(Err(_)) | Err(_) => return LookEnd::NotStored,
        }
        let named = fact.records.clone().unwrap_or_default();
        let mut after = None;
        loop {
            let slice = ResultSlice { named: named.clone(), source: look.source(), after };
            let call =
                RecordCall { check: look.check.id, what: RecordOrder::Slice(slice), by: String::new() };
            match writer.call(move |store, now| store.change_records(&call, now)).await {
                Ok(RecordAnswer::Slice(RecordNews { next: Some(next), .. })) => after = Some(next),
                Ok(RecordAnswer::Slice(_)) => break,
                Ok(_) | Err(_) => return LookEnd::NotStored,
            }
        }
    }
    LookEnd::NotStored
}

/// A check that changes so much while a result is carried out that its fact never fits is too busy.
const MOST_TRIES: usize = 16;

/// What a look finds, also where it panics: nobody knows then whether it holds, and the check says so (17.4). Dropping it ends it.
async fn found(look: Arc<Look>, looker: Arc<Looker>) -> ProbeFound {
    let mut looking = JoinSet::new();
    looking.spawn(async move { looker.look(&look.assertion, look.period, look.begun).await });
    match looking.join_next().await {
        Some(Ok(found)) => found,
        Some(Err(error)) => {
            tracing::error!(%error, "a look has ended by a bug");
            ProbeFound::unknown("a fault of punctual: the log says which")
        }
        None => unreachable!("one was begun"),
    }
}
