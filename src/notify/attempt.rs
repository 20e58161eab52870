//! What one attempt sends, how long it may take, and how it ended.

use std::time::Duration;

use tokio::task::JoinError;

use super::{PingUrls, text};
use crate::core::notice::Notice;
use crate::core::outbox::Attempt;
use crate::core::time::{Span, Time};

/// What one attempt sends.
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// The message's key. It is the same at every attempt.
    pub key: &'a str,
    pub receiver: &'a str,
    /// One for each member, in the members' order. At least one.
    pub notices: &'a [Notice],
    /// The URL of our pages, with or without a slash at its end.
    pub external_url: &'a str,
    /// Where people acknowledge what it tells (22.5); `None`: nowhere.
    pub ack_url: Option<&'a str>,
    /// When the attempt begins.
    pub now: Time,
}

impl Notification<'_> {
    /// Puts it into the words of a format, without URLs that ping. This is done aside: a message may have hundreds of
    /// notices, and a template take a million steps.
    pub(super) async fn write_aside<T: Send + 'static>(
        &self,
        ping_urls: &PingUrls,
        write: impl FnOnce(&Notification<'_>) -> T + Send + 'static,
    ) -> T {
        let (now, notices, ping_urls) = (self.now, self.notices.to_vec(), ping_urls.clone());
        let texts = [self.key, self.receiver, self.external_url].map(str::to_owned);
        let ack_url = self.ack_url.map(str::to_owned);
        aside(move || {
            let [key, receiver, external_url] = &texts;
            let harmless = |notice| ping_urls.out_of_notice(notice, external_url);
            let notices: Vec<Notice> = notices.into_iter().map(harmless).collect();
            let ack_url = ack_url.as_deref();
            write(&Notification { key, receiver, notices: &notices, external_url, ack_url, now })
        })
        .await
    }
}

/// Runs an attempt for at most `timeout`.
pub(super) async fn within(timeout: Span, attempt: impl Future<Output = Attempt>) -> Attempt {
    match tokio::time::timeout(duration(timeout), attempt).await {
        Ok(attempt) => attempt,
        Err(_) => later(format!("no answer within {timeout}")),
    }
}

/// Runs work that needs much processor time on a blocking thread, away from the threads that answer pings. A panic is
/// passed on to the caller.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime is shutting down and never started the work. The caller ends with it.
        Err(Err(_)) => std::future::pending().await,
    }
}

pub(super) fn duration(span: Span) -> Duration {
    Duration::from_millis(span.as_ms().max(0).unsigned_abs())
}

pub(super) fn taken(answer: impl AsRef<str>) -> Attempt {
    Attempt::Taken { answer: text::reason(answer.as_ref()) }
}

pub(super) fn later(why: impl AsRef<str>) -> Attempt {
    Attempt::Later { after: None, why: text::reason(why.as_ref()) }
}

pub(super) fn misdirected(why: impl AsRef<str>) -> Attempt {
    Attempt::Misdirected { why: text::reason(why.as_ref()) }
}

pub(super) fn never(why: impl AsRef<str>) -> Attempt {
    Attempt::Never { why: text::reason(why.as_ref()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn what_is_done_aside_leaves_the_thread_to_others() {
        let (say, said) = std::sync::mpsc::channel();
        let waits = aside(move || said.recv_timeout(Duration::from_secs(60)));
        let (heard, sent) = tokio::join!(waits, async { say.send("a ping") });
        assert_eq!((heard, sent), (Ok("a ping"), Ok(())));
    }

    #[tokio::test]
    async fn a_bug_aside_is_a_bug_of_its_caller() {
        let ended = tokio::spawn(aside(|| panic!("a test"))).await;
        assert!(ended.is_err_and(|error: JoinError| error.is_panic()));
    }
}
