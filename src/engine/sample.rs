//! Samples of messages, by the way that real ones take.

use crate::clock::Clock;
use crate::core::notice::Notice;
use crate::core::outbox::Attempt;
use crate::core::time::Span;
use crate::notify::{Notification, Transport, sample};

/// To whom a sample goes.
#[derive(Debug)]
pub struct SampleWay<'a> {
    /// The receiver's name.
    pub receiver: &'a str,
    /// How it is reached.
    pub transport: &'a Transport,
    /// Whether a recovery follows the alert.
    pub hears_recoveries: bool,
    /// Links in the message lead there.
    pub external_url: &'a str,
}

/// A sample that was sent.
#[derive(Debug)]
pub struct SampleSent {
    what: &'static str,
    attempt: Attempt,
    took: Span,
}

impl SampleSent {
    /// Whether the receiver took it.
    pub fn is_taken(&self) -> bool {
        self.attempt.is_taken()
    }

    /// What came of it, as a line for people.
    pub fn in_words(&self, receiver: &str) -> String {
        let SampleSent { what, attempt, took } = self;
        match attempt {
            Attempt::Taken { answer } => format!("{what}: {receiver} took it within {took}: {answer}"),
            Attempt::Later { why, .. } | Attempt::Unreachable { why, .. } => {
                format!("{what}: not taken; a real message would be tried again: {why}")
            }
            Attempt::Misdirected { why } => {
                format!("{what}: refused, whatever it says; a real message would be tried again: {why}")
            }
            Attempt::Never { why } => format!("{what}: refused; a real message would be given up: {why}"),
        }
    }
}

/// Sends an alert that is marked as a sample, and then its recovery, if that was taken and the receiver hears of recoveries.
pub async fn send_samples(way: &SampleWay<'_>, clock: &Clock) -> Vec<SampleSent> {
    // Unlike the key of any real message.
    let first = format!("test-{}", clock.now().as_ms());
    let alert = sample::alert(clock.now());
    let mut sent = vec![send(way, clock, ("alert", &first), &alert).await];
    if way.hears_recoveries && sent[0].is_taken() {
        let recovery = sample::recovery(clock.now(), Some(first.clone()));
        // What an alert's receiver opened it shall close: the same beginning.
        let recovery = Notice { opened_at: alert.opened_at, first: alert.first, ..recovery };
        sent.push(send(way, clock, ("recovery", &format!("{first}-end")), &recovery).await);
    }
    sent
}

async fn send(
    way: &SampleWay<'_>,
    clock: &Clock,
    (what, key): (&'static str, &str),
    notice: &Notice,
) -> SampleSent {
    let now = clock.now();
    let notification = Notification {
        key,
        receiver: way.receiver,
        notices: std::slice::from_ref(notice),
        external_url: way.external_url,
        ack_url: None,
        now,
    };
    let attempt = way.transport.send(&notification).await;
    SampleSent { what, attempt, took: clock.now() - now }
}
