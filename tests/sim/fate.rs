//! What goes wrong with calls of the store.

use punctual::store::sqlite::FaultPoint;

use crate::rng::Rng;

/// What shall happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// An error before its first commit, or after it.
    Fails(FaultPoint),
    /// SQLite refuses a row in the midst of its next transaction, after so many.
    FailsAfter(u32),
    /// The process dies before the call, or there.
    Dies(Option<FaultPoint>),
}

impl Fate {
    /// `per_mille` of calls go wrong, some of them fatally.
    pub(crate) fn random(rng: &mut Rng, per_mille: u64, may_die: bool) -> Fate {
        let (lot, kind, rows) = (rng.next() % 1000, rng.below(11), rng.below(32));
        if lot >= per_mille {
            return Fate::Fine;
        }
        let (before, after) = (FaultPoint::BeforeCommit, FaultPoint::AfterCommit);
        match kind {
            3 if may_die => Fate::Dies(None),
            4 if may_die => Fate::Dies(Some(before)),
            5 if may_die => Fate::Dies(Some(after)),
            6 => Fate::Fails(FaultPoint::Begin),
            0 | 3 | 4 => Fate::Fails(before),
            // Most write few.
            8.. => Fate::FailsAfter((rows >> rng.below(5)) as u32),
            _ => Fate::Fails(after),
        }
    }
}

/// What becomes of the calls that the writer makes by itself, at random.
#[derive(Clone, Debug)]
pub(crate) struct Hazards {
    pub(crate) rng: Rng,
    pub(crate) per_mille: u64,
    /// Only where pings are stored: then nothing depends on how often the writer shows that it lives.
    pub(crate) of_pings_alone: bool,
}
