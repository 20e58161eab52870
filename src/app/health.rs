//! How the server is: what is wrong with it, and what does not work though nothing is wrong (9.1, 1.1).

use std::sync::atomic::Ordering;

use super::services::Services;
use crate::clock::Clock;
use crate::core::time::{Span, Time};
use crate::metrics::ProbeCounters;

/// The longest that a sign of life may be ago, and that a deadline may wait to be judged.
const MAX_SILENCE: Span = Span::secs(10);

/// The longest that a look of our own may wait, and that one may run (17.10): their time-outs are a minute at most.
const MAX_WAIT_FOR_A_LOOK: Span = Span::mins(5);

/// That nothing is judged for now, if that is so, and for how long (1.1).
pub fn doubt(services: &Services) -> Option<String> {
    let left = Clock::PATIENCE - services.clock.doubted()?;
    Some(format!(
        "the clock is behind what was stored: pings are taken, and nothing is judged until it is set, for {} at most",
        left.max(Span::ZERO)
    ))
}

/// That nothing leaves, if that is so.
pub fn held(services: &Services) -> Option<&'static str> {
    let is_held = services.no_deliveries;
    is_held.then_some("nothing leaves (--no-deliveries): nobody is told of what is late or failing")
}

/// That an Alertmanager takes nothing, if that is so: a restart of ours would not mend it.
pub fn unheard(services: &Services) -> Option<String> {
    let since = services.counters.own.alertmanager_failing_since()?;
    Some(format!("an Alertmanager has taken no alerts since {since}: the log says which, and why"))
}

/// That connections are not taken, by our limits or for lack of files, if that is so: a flood, which a restart would not end.
pub fn refusing(services: &Services) -> Option<&'static str> {
    let now = services.clock.now();
    let is_recent = services.counters.connections.last().is_some_and(|last| now - last < MAX_SILENCE);
    is_recent.then_some("connections are not taken, and pings on them are lost: the log says why")
}

/// That history is lost, if that is so: a restart would not mend it.
pub fn forgetful(services: &Services) -> Option<&'static str> {
    let is_so = services.live.totals.history_lost.load(Ordering::Relaxed) > 0;
    is_so.then_some(
        "history cannot be kept or read, for the database is damaged: `punctual check-storage` says where",
    )
}

/// That some checks cannot be judged, if that is so (1.6): a restart alone would mend nothing.
pub fn unjudgeable(services: &Services) -> Option<String> {
    let checks = services.live.totals.unjudgeable.load(Ordering::Relaxed);
    let which = if checks == 1 { "check" } else { "checks" };
    (checks > 0)
        .then(|| format!("{checks} {which} cannot be judged, for a fault of punctual: the log says why"))
}

/// That looks of our own do not begin or do not end, or can do without trust only, if that is so (17.10): what they would find is
/// not known.
pub fn not_looking(services: &Services) -> Option<String> {
    let (probes, now) = (&services.counters.own.probes, services.clock.now());
    not_looked(probes, now)
}

fn not_looked(probes: &ProbeCounters, now: Time) -> Option<String> {
    let is_long = |since: &Time| now - *since > MAX_WAIT_FOR_A_LOOK;
    let waits = probes.waiting_since().filter(is_long);
    let runs = probes.should_end_by().filter(is_long);
    let all = [
        waits.map(|due| format!("a look of punctual's own has been due since {due}, and has not begun")),
        runs.map(|end| format!("a look of punctual's own should have ended by {end}, and has not")),
        probes.trust.since().map(|since| {
            format!("https cannot be looked at since {since}, for the system's certificates cannot be read")
        }),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What is wrong with the store or the engine, if anything is: whoever asks whether we live may restart us for it.
pub fn fault(services: &Services) -> Option<String> {
    let now = services.clock.now();
    let is_trusted = services.clock.is_trusted();
    match services.live.totals.last_sign_of_life() {
        None => return Some("no sign of life was stored yet".to_owned()),
        // While the clock is doubted none is stored.
        Some(last) if is_trusted && now - last > MAX_SILENCE => {
            return Some(format!("the last sign of life was stored at {last}: the disk takes no writes"));
        }
        Some(_) => {}
    }
    if !services.writer.is_healthy() {
        return Some("pings cannot be stored, and are refused: the log says why".to_owned());
    }
    let outward = [
        (&services.counters.own.claims, "messages cannot be read"),
        (&services.counters.own.alerts, "alerts cannot be read"),
    ];
    for (trouble, what) in outward {
        if let Some(since) = trouble.since().filter(|since| now - *since > MAX_SILENCE) {
            return Some(format!(
                "{what} from the database since {since}, and nobody is told: the log says why"
            ));
        }
    }
    let waiting = services.writer.deadline().filter(|deadline| is_trusted && now - *deadline > MAX_SILENCE);
    waiting.map(|deadline| format!("a deadline at {deadline} is not judged yet: judging has stopped"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 17.10b, 17.12f
    #[test]
    fn a_look_that_waits_or_runs_on_for_more_than_five_minutes_is_said_and_that_trust_is_lacking() {
        let (probes, start) = (ProbeCounters::default(), Time::from_secs(1_800_000_000));
        assert_eq!(not_looked(&probes, start), None);
        probes.waits_since(Some(start));
        probes.ends_by(Some(start + Span::MS));
        assert_eq!(not_looked(&probes, start + Span::mins(5)), None);
        let waits = "a look of punctual's own has been due since 2027-01-15T08:00:00Z, and has not begun";
        let later = start + Span::mins(5) + Span::MS;
        assert_eq!(not_looked(&probes, later).as_deref(), Some(waits));
        let said = not_looked(&probes, later + Span::MS).expect("it is said");
        assert!(
            said.starts_with(waits)
                && said.ends_with(" should have ended by 2027-01-15T08:00:00.001Z, and has not"),
            "{said}"
        );
        probes.waits_since(None);
        probes.ends_by(None);
        probes.trust.note(false, start);
        let said = not_looked(&probes, start).expect("it is said");
        assert!(said.starts_with("https cannot be looked at since 2027-01-15T08:00:00Z"), "{said}");
        probes.trust.note(true, start);
        assert_eq!(not_looked(&probes, later), None);
    }
}
