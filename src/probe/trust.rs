//! Whom the system trusts, and the clients that look.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::{Client, ClientBuilder, redirect};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::load_native_certs;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::lacks::{NameLookup, Unanswered};
use super::thread::on_thread;
use super::within::within;
use crate::core::time::{Span, Time};
use crate::notify::check_certificates;

/// How old it may be.
const READ_EVERY: Span = Span::mins(60);
/// How old it may be where a server is not trusted.
const READ_AGAIN_AFTER: Span = Span::secs(10);
/// The longest that a look waits for it: the files may be of a disk that hangs.
const PATIENCE: Span = Span::secs(30);

/// A client of those whom the system trusted then.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    pub(super) client: Client,
    read_at: Time,
    /// Not all could be read, and why.
    pub(super) lacks: Option<Arc<str>>,
}

/// Reads whom the system trusts, and again from time to time (17.12f).
#[derive(Debug)]
pub(super) struct TrustReader {
    /// Held while it is read: a look that ends does not end that, and no other begins beside it.
    newest: Arc<Mutex<Option<Trust>>>,
    /// The last try has failed, or has not ended in time.
    is_unread: AtomicBool,
    patience: Span,
}

impl Default for TrustReader {
    fn default() -> TrustReader {
        TrustReader { newest: Arc::default(), is_unread: AtomicBool::new(false), patience: PATIENCE }
    }
}

impl Trust {
    fn is_younger_than(&self, most: Span, now: Time) -> bool {
        // Where the clock was set back nobody knows how old it is.
        (Span::ZERO..most).contains(&(now - self.read_at))
    }

    /// Whether it is worth reading again where a server is not trusted.
    pub(super) fn may_be_outdated(&self, now: Time) -> bool {
        !self.is_younger_than(READ_AGAIN_AFTER, now)
    }
}

impl TrustReader {
    /// What was read, if that is young enough; reads nothing and waits for nobody.
    pub(super) fn known(&self, now: Time) -> Option<Trust> {
        let newest = self.newest.try_lock().ok()?;
        newest.clone().filter(|trust| trust.is_younger_than(READ_EVERY, now))
    }

    /// What was read within the hour, or is read now.
    pub(super) async fn read(&self, now: Time) -> Result<Trust, Unanswered> {
        self.younger_than(READ_EVERY, now).await
    }

    /// As above, within ten seconds.
    pub(super) async fn read_again(&self, now: Time) -> Result<Trust, Unanswered> {
        self.younger_than(READ_AGAIN_AFTER, now).await
    }

    /// Whether it can be read, as far as is known.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread.load(Ordering::Relaxed)
    }

    async fn younger_than(&self, most: Span, now: Time) -> Result<Trust, Unanswered> {
        let read = within(self.patience, async {
            let newest = self.newest.clone().lock_owned().await;
            match &*newest {
                Some(trust) if trust.is_younger_than(most, now) => Ok(trust.clone()),
                _ => read_into(newest, now).await,
            }
        });
        let read = read.await;
        let read = read.unwrap_or_else(|| Err(format!("that has not ended within {}", self.patience)));
        self.is_unread.store(read.is_err(), Ordering::Relaxed);
        read.map_err(|why| Unanswered::CannotLook(format!("the system's certificates cannot be read: {why}")))
    }
}

async fn read_into(mut newest: OwnedMutexGuard<Option<Trust>>, now: Time) -> Result<Trust, String> {
    let read = on_thread(move || {
        let trust = trust(now)?;
        *newest = Some(trust.clone());
        Ok(trust)
    });
    read.await.map_err(|error| error.to_string())?
}

/// Blocks while it reads.
fn trust(now: Time) -> Result<Trust, String> {
    check_certificates()?;
    let read = load_native_certs();
    let lacks = read.errors.first().map(|error| error.to_string());
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(read.certs);
    if added == 0 {
        return Err(lacks.unwrap_or_else(|| "there are none".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let client = builder().tls_backend_preconfigured(config).tls_info(true).build();
    let client = client.map_err(|error| error.to_string())?;
    Ok(Trust { client, read_at: now, lacks: lacks.map(Into::into) })
}

/// A client that reads no certificate: a machine that has none can still look without encryption.
pub(super) fn plain() -> Result<Client, Unanswered> {
    let client = builder().tls_certs_only([]).build();
    client.map_err(|error| Unanswered::CannotLook(error.to_string()))
}

/// Keeps no connection: each look finds out anew whether there is one.
fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("punctual/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .no_proxy()
        .http1_only()
        .dns_resolver(NameLookup)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Time {
        Time::from_secs(1_800_000_000)
    }

    /// 17.12f
    #[tokio::test]
    async fn trust_is_read_again_after_an_hour_and_after_seconds_where_it_has_failed() {
        let (reader, start) = (TrustReader::default(), start());
        assert!(reader.known(start).is_none());
        reader.read(start).await.expect("this machine trusts somebody");
        let read_at = async |now: Time| reader.read(now).await.expect("it is read").read_at;
        assert_eq!(read_at(start + Span::mins(59)).await, start);
        let again = start + Span::mins(59) + Span::secs(59);
        assert!(reader.known(again).is_some_and(|trust| trust.may_be_outdated(again)));
        let trust = reader.read_again(again).await.expect("it is read");
        assert!(trust.read_at == again && !trust.may_be_outdated(again));
        assert_eq!(read_at(again + Span::mins(60)).await, again + Span::mins(60));
        assert_eq!(read_at(start).await, start, "the clock was set back");
        assert!(!reader.is_unread());
    }

    /// 17.12f: of a disk that hangs.
    #[tokio::test]
    async fn who_is_trusted_is_not_waited_for_without_end() {
        let reader = TrustReader { patience: Span::MS, ..TrustReader::default() };
        let hangs = reader.newest.clone().lock_owned().await;
        let Err(Unanswered::CannotLook(why)) = reader.read(start()).await else { panic!("it hangs") };
        assert!(why.ends_with("has not ended within 1ms") && reader.is_unread(), "{why}");
        assert!(reader.known(start()).is_none());
        drop(hangs);
        let reader = TrustReader { patience: PATIENCE, ..reader };
        reader.read(start()).await.expect("it is read");
        assert!(!reader.is_unread());
    }
}
