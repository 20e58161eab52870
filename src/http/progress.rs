//! How far a connection is, how long it may take for that, and what is lost with it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::time::Duration;

use super::limits::Limits;

/// What a connection is doing, which says how long it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing has come yet.
    Fresh,
    /// Something has come over TLS of which nothing can be read yet: a handshake is under way, or a part of what follows it.
    Sealed,
    /// A handshake is over, and nothing more has come yet.
    Shaken,
    /// A request's head is coming.
    Head,
    /// A handler has it.
    Serving,
    /// An answer leaves, or the next request is awaited.
    Idle,
    /// All is answered and said to be so; what still comes is dropped.
    Ending,
}

/// Shared by a connection's socket, its handler and its watchdog, which all run in one task.
#[derive(Debug)]
pub(super) struct Progress {
    phase: AtomicU8,
    /// Watchdog ticks since the phase began or, when idle, since the last byte.
    age_ticks: AtomicU32,
    /// Watchdog ticks since the phase began, whatever was written meanwhile.
    phase_ticks: AtomicU32,
    is_evicted: AtomicBool,
    /// Once the socket is closed.
    lost_a_request: AtomicBool,
}

/// What is lost with a connection that makes room for another, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    /// Nothing, unless the next request comes in this moment.
    Idle,
    /// An answer that may not have been read.
    Answer,
    /// A request that is coming.
    Head,
    /// One that is being answered, or whose body is coming.
    Request,
}

impl Progress {
    const PHASES: [Phase; 7] =
        [Phase::Fresh, Phase::Sealed, Phase::Shaken, Phase::Head, Phase::Serving, Phase::Idle, Phase::Ending];

    pub(super) fn new() -> Progress {
        Progress {
            phase: AtomicU8::new(Phase::Fresh as u8),
            age_ticks: AtomicU32::new(0),
            phase_ticks: AtomicU32::new(0),
            is_evicted: AtomicBool::new(false),
            lost_a_request: AtomicBool::new(false),
        }
    }

    /// How much is lost with it.
    pub(super) fn worth(&self) -> Worth {
        match self.phase() {
            Phase::Fresh | Phase::Shaken | Phase::Ending => Worth::Idle,
            // An answer may be leaving.
            Phase::Idle if self.age_ticks.load(Ordering::Relaxed) == 0 => Worth::Answer,
            Phase::Idle => Worth::Idle,
            Phase::Sealed | Phase::Head => Worth::Head,
            Phase::Serving => Worth::Request,
        }
    }

    /// It is ended to make room for another.
    pub(super) fn evict(&self) {
        self.is_evicted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_evicted(&self) -> bool {
        self.is_evicted.load(Ordering::Relaxed)
    }

    /// The socket of a connection that was evicted is closed; whether a request was lost with it.
    pub(super) fn note_loss(&self, is_lost: bool) {
        self.lost_a_request.store(is_lost, Ordering::Relaxed);
    }

    /// It was ended to make room, and what it said, or was about to say, may have been a ping.
    pub(super) fn lost_a_request(&self) -> bool {
        self.lost_a_request.load(Ordering::Relaxed)
    }

    pub(super) fn phase(&self) -> Phase {
        Progress::PHASES[usize::from(self.phase.load(Ordering::Relaxed))]
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
        self.age_ticks.store(0, Ordering::Relaxed);
        self.phase_ticks.store(0, Ordering::Relaxed);
    }

    /// As what it waits for its client: it says nothing, and there is nothing to say to it.
    pub(super) fn waits_as(&self) -> Option<Phase> {
        Some(self.phase()).filter(|phase| matches!(phase, Phase::Fresh | Phase::Shaken | Phase::Ending))
    }

    /// An answer is due, or has been given: whoever asks to end it after that cuts off nothing that is coming. Hyper would close
    /// at once a connection on which it has read nothing yet, or no whole head since its last answer.
    pub(super) fn ends_with_an_answer(&self) -> bool {
        matches!(self.phase(), Phase::Serving | Phase::Idle | Phase::Ending)
    }

    pub(super) fn read_some(&self) {
        match self.phase() {
            // The head's time counts from the connection's beginning.
            Phase::Fresh | Phase::Sealed | Phase::Shaken => {
                self.phase.store(Phase::Head as u8, Ordering::Relaxed);
            }
            Phase::Idle => self.enter(Phase::Head),
            Phase::Head | Phase::Serving | Phase::Ending => {}
        }
    }

    /// Bytes of TLS have come.
    pub(super) fn read_sealed(&self) {
        match self.phase() {
            Phase::Fresh | Phase::Shaken => self.phase.store(Phase::Sealed as u8, Ordering::Relaxed),
            Phase::Idle => self.enter(Phase::Sealed),
            Phase::Sealed | Phase::Head | Phase::Serving | Phase::Ending => {}
        }
    }

    /// A handshake is over, and nothing more has been said.
    pub(super) fn shook(&self) {
        if self.phase() == Phase::Sealed {
            self.phase.store(Phase::Shaken as u8, Ordering::Relaxed);
        }
    }

    pub(super) fn wrote_some(&self) {
        if self.phase() == Phase::Idle {
            self.age_ticks.store(0, Ordering::Relaxed);
        }
    }
}

/// Ends connections that take too long. Ticks coarsely, so that a request costs no timer.
pub(super) struct Watchdog {
    pub(super) tick: Duration,
    serving_ticks: u32,
    idle_ticks: u32,
    answer_ticks: u32,
}

impl Watchdog {
    const TICKS_OF_A_HEAD: u32 = 4;

    pub(super) fn new(limits: &Limits) -> Watchdog {
        let tick = (limits.head_timeout / Watchdog::TICKS_OF_A_HEAD).max(Duration::from_millis(1));
        let ticks =
            |time: Duration| u32::try_from(time.as_millis().div_ceil(tick.as_millis())).unwrap_or(u32::MAX);
        Watchdog {
            tick,
            serving_ticks: ticks(limits.serving_timeout),
            idle_ticks: ticks(limits.idle_timeout),
            // A connection may be idle behind its answer, and is no different from one whose answer leaves.
            answer_ticks: ticks(limits.answer_timeout.max(limits.idle_timeout)),
        }
    }

    /// A tick has passed: whether the connection has overrun its time. When it is crowded, the idle go first.
    pub(super) fn overrun(&self, progress: &Progress, crowded: bool) -> bool {
        let age_ticks = progress.age_ticks.fetch_add(1, Ordering::Relaxed) + 1;
        let phase_ticks = progress.phase_ticks.fetch_add(1, Ordering::Relaxed) + 1;
        if progress.phase() == Phase::Idle && phase_ticks > self.answer_ticks {
            return true;
        }
        let allowed_ticks = match progress.phase() {
            Phase::Fresh | Phase::Sealed | Phase::Shaken | Phase::Head => Watchdog::TICKS_OF_A_HEAD,
            Phase::Serving => self.serving_ticks,
            Phase::Idle if crowded => 1,
            Phase::Idle => self.idle_ticks,
            Phase::Ending => 1,
        };
        age_ticks > allowed_ticks
    }
}
