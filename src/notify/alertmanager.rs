//! Pushes alerts to Alertmanager as Prometheus does: every alert to every address, repeatedly (docs/semantics.md, 13).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;
use serde::Serialize;

use super::address::http_url;
use super::client::{Server, origin};
use super::http_config::{HTTP_CONFIG, HttpConfig, http_config};
use super::render::{base, page};
use super::{PingUrls, aside, duration, text};
use crate::core::alert::Alert;
use crate::core::check::Name;
use crate::core::outbox::Attempt;
use crate::core::secret::Secret;
use crate::core::time::{Span, Time};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;
use crate::yaml::section::Kind::{Map, Text};
use crate::yaml::section::Need::{Optional, Required};
use crate::yaml::section::{Section, URL, key};

pub(crate) static ALERTMANAGER: Section = Section {
    id: "alertmanager",
    title: "an Alertmanager",
    keys: &[
        key("url", Text(URL), Required, "The URL, such as http://127.0.0.1:9093."),
        key("http_config", Map(&HTTP_CONFIG), Optional, "HTTP client settings."),
    ],
};

/// Where alerts are pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// The base URL, without a slash at its end; `/api/v2/alerts` is appended.
    pub url: String,
    pub http: HttpConfig,
}

/// Reads an item of `alerting.alertmanagers`.
pub(crate) fn read(loader: &mut Loader, item: &Fields<'_>) -> Option<Alertmanager> {
    let url = item.text(&mut loader.log, "url");
    let http = http_config(loader, item);
    let url = url.filter(|url| http_url(loader, "url", item.at_value("url"), url, true))?;
    if let Some(problem) = problem_of_base(url) {
        loader.log.fault(item.at_value("url"), format!("`url` {problem}"));
    }
    Some(Alertmanager { url: url.trim_end_matches('/').to_owned(), http })
}

/// What is wrong with an Alertmanager's base address, to which the API's path is appended.
fn problem_of_base(url: &str) -> Option<&'static str> {
    let url = Url::parse(url).ok()?;
    if url.query().is_some() || url.fragment().is_some() {
        return Some("is a base, behind which `/api/v2/alerts` goes: leave out what begins with `?` or `#`");
    }
    let path = url.path().trim_end_matches('/');
    let is_api =
        ["/api/v1", "/api/v2", "/api/v1/alerts", "/api/v2/alerts"].iter().any(|api| path.ends_with(api));
    is_api.then_some(
        "is a base, behind which `/api/v2/alerts` goes by itself: leave out what begins with `/api`",
    )
}

/// Finds the addresses of an Alertmanager. Its name may resolve to several.
#[derive(Debug)]
pub struct Pusher {
    settings: Alertmanager,
    timeout: Span,
    ping_urls: PingUrls,
    /// Those that the name resolved to last.
    addresses: Mutex<BTreeMap<Option<SocketAddr>, Arc<Address>>>,
    reached: Arc<Mutex<Reached>>,
}

/// One address of an Alertmanager.
#[derive(Debug)]
pub struct Address {
    server: Server,
    address: Option<SocketAddr>,
    target: String,
    timeout: Span,
    ping_urls: PingUrls,
    /// Of all addresses of the name.
    reached: Arc<Mutex<Reached>>,
}

/// How the last push to each address went.
type Reached = BTreeMap<Option<SocketAddr>, Reach>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Nothing was pushed yet.
    Untried,
    Taken,
    NotTaken,
    /// Nobody listens there.
    Unreachable,
}

/// How a push to one address went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushOutcome {
    /// Scheme and host, and the address that was pushed to.
    pub target: String,
    /// The error is for people and holds no secrets.
    pub result: Result<(), String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    annotations: BTreeMap<&'a str, Cow<'a, str>>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
}

impl Pusher {
    /// How long a request may take: Prometheus' own limit.
    pub const TIMEOUT: Span = Span::secs(10);
    /// The most addresses of one name.
    const MAX_ADDRESSES: usize = 32;

    /// Connects to nothing yet. `timeout` bounds each request; usually it is [`Pusher::TIMEOUT`].
    /// `ping_urls` never stand in what is said of a push.
    pub fn new(settings: &Alertmanager, timeout: Span, ping_urls: &PingUrls) -> Pusher {
        Pusher {
            settings: settings.clone(),
            timeout,
            ping_urls: ping_urls.clone(),
            addresses: Mutex::default(),
            reached: Arc::default(),
        }
    }

    /// Scheme and host.
    pub fn target(&self) -> String {
        origin(&self.settings.url)
    }

    /// All addresses that the name resolves to now. One that was there before is the same: it keeps its connection.
    pub async fn addresses(&self) -> Result<Vec<Arc<Address>>, PushOutcome> {
        let found = self.resolve().await;
        let found = found.map_err(|why| PushOutcome { target: self.target(), result: Err(why) })?;
        let (mut addresses, mut reached) = (locked(&self.addresses), locked(&self.reached));
        addresses.retain(|address, _| found.contains(address));
        reached.retain(|address, _| found.contains(address));
        for address in found {
            reached.entry(address).or_insert(Reach::Untried);
            addresses.entry(address).or_insert_with(|| Arc::new(self.address(address)));
        }
        Ok(addresses.values().cloned().collect())
    }

    async fn resolve(&self) -> Result<Vec<Option<SocketAddr>>, String> {
        let Alertmanager { url, http } = &self.settings;
        let timeout = self.timeout;
        let parsed = Url::parse(url).map_err(|error| format!("not a URL: {error}"))?;
        let (Some(host), Some(port)) = (parsed.host_str(), parsed.port_or_known_default()) else {
            return Err("a URL of an Alertmanager needs a host".to_owned());
        };
        if http.proxy_url.is_some() {
            // The proxy resolves the name.
            return Ok(vec![None]);
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::time::timeout(duration(timeout), tokio::net::lookup_host((host, port))).await;
        let found = found.map_err(|_| format!("{host} was not resolved within {timeout}"))?;
        let found = found.map_err(|error| text::reason(&format!("{host}: {error}")))?;
        Ok(found.take(Pusher::MAX_ADDRESSES).map(Some).collect())
    }

    fn address(&self, address: Option<SocketAddr>) -> Address {
        let Alertmanager { url, http } = &self.settings;
        let endpoint = Secret::new(format!("{}/api/v2/alerts", base(url)));
        let target = match address {
            Some(address) => format!("{} ({})", self.target(), address.ip()),
            None => self.target(),
        };
        Address {
            server: match address {
                Some(address) => Server::at(endpoint, http.clone(), address),
                None => Server::new(endpoint, http.clone()),
            },
            address,
            target,
            timeout: self.timeout,
            ping_urls: self.ping_urls.clone(),
            reached: self.reached.clone(),
        }
    }
}

impl Address {
    /// The most alerts in one request, but for those of a single check.
    pub const MAX_ALERTS: usize = 256;

    /// Scheme and host, and the address.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Pushes alerts in one request, which is made now (13.1c). `None`: nobody listens at any address of this family, while
    /// the other one takes alerts, or may.
    pub async fn post(
        &self,
        alerts: Vec<Arc<[Alert]>>,
        now: Time,
        external_url: &str,
    ) -> Option<PushOutcome> {
        let external: Arc<str> = external_url.into();
        // On a blocking thread: building it would delay pings.
        let request = aside(move || body(&alerts, now, &external)).await;
        let posting = self.server.post("application/json", &[], request, now);
        let (reach, mut result) = match tokio::time::timeout(duration(self.timeout), posting).await {
            Ok(Ok(answer)) => match answer.into_attempt(&self.server.origin()) {
                Attempt::Taken { .. } => (Reach::Taken, Ok(())),
                Attempt::Later { why, .. }
                | Attempt::Unreachable { why, .. }
                | Attempt::Misdirected { why }
                | Attempt::Never { why } => (Reach::NotTaken, Err(why)),
            },
            Ok(Err(error)) => {
                let reach = if error.is_connect { Reach::Unreachable } else { Reach::NotTaken };
                (reach, Err(text::reason(&error.why)))
            }
            Err(_) => {
                let why = format!("{}: no answer within {}", self.server.origin(), self.timeout);
                (Reach::NotTaken, Err(why))
            }
        };
        let mut reached = locked(&self.reached);
        reached.insert(self.address, reach);
        if is_of_dead_family(self.address, &reached) {
            return None;
        }
        drop(reached);
        result.as_mut().err().into_iter().for_each(|why| self.ping_urls.hide_in(why, external_url));
        Some(PushOutcome { target: self.target.clone(), result })
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether no address of this one's family can be reached, and the other family took alerts, or may: a name such as
/// `localhost` often resolves to IPv4 and IPv6 while the server listens on only one of them.
fn is_of_dead_family(address: Option<SocketAddr>, reached: &Reached) -> bool {
    let is_v6 = |address: Option<SocketAddr>| address.is_some_and(|address| address.is_ipv6());
    let (own, other): (Vec<_>, Vec<_>) = reached.iter().partition(|(one, _)| is_v6(**one) == is_v6(address));
    own.iter().all(|(_, reach)| matches!(reach, Reach::Unreachable | Reach::Untried))
        && other.iter().any(|(_, reach)| matches!(reach, Reach::Taken | Reach::Untried))
}

fn body(alerts: &[Arc<[Alert]>], now: Time, external_url: &str) -> Vec<u8> {
    let alerts = alerts.iter().flat_map(|of_check| of_check.iter());
    let posted: Vec<Posted<'_>> = alerts.map(|alert| posted(alert, now, external_url)).collect();
    serde_json::to_vec(&posted).expect("alerts have only texts and lists")
}

fn posted<'a>(alert: &'a Alert, now: Time, external_url: &str) -> Posted<'a> {
    let pairs =
        |pairs: &'a [(String, String)]| pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let labels: BTreeMap<&str, &str> = pairs(&alert.labels).collect();
    let check = labels.get("check").and_then(|check| Name::parse(check).ok());
    let mut annotations: BTreeMap<&str, Cow<'_, str>> =
        pairs(&alert.annotations).map(|(name, value)| (name, value.into())).collect();
    // As in the shipped alert rules: a check without a runbook of its own links to our runbook.
    let alertname = labels.get("alertname").copied().unwrap_or_default().to_lowercase();
    let runbook = || format!("{}/runbook#{alertname}", base(external_url)).into();
    annotations.entry("runbook_url").or_insert_with(runbook);
    if let Some(check) = &check {
        annotations.insert("page_url", page(external_url, check).into());
    }
    let (starts_at, ends_at) = alert.times_at(now);
    Posted {
        annotations,
        starts_at: starts_at.to_string(),
        ends_at: ends_at.to_string(),
        generator_url: match check {
            Some(check) => page(external_url, &check),
            None => base(external_url).to_owned(),
        },
        labels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks of which addresses something is said, given how the last push to each went.
    fn check(pushes: &[(&str, Result<(), &str>)], expected: &[&str]) {
        let address = |ip: &str| Some(SocketAddr::new(ip.parse().expect("an address"), 9093));
        let reach = |result: &Result<(), &str>| match result {
            Ok(()) => Reach::Taken,
            Err("refused") => Reach::Unreachable,
            Err(_) => Reach::NotTaken,
        };
        let reached: Reached = pushes.iter().map(|(ip, result)| (address(ip), reach(result))).collect();
        let left = pushes.iter().map(|(ip, _)| *ip);
        let left: Vec<&str> = left.filter(|ip| !is_of_dead_family(address(ip), &reached)).collect();
        assert_eq!(left, expected, "{pushes:?}");
    }

    #[test]
    fn a_family_that_nobody_listens_on_is_left_out() {
        check(&[("127.0.0.1", Ok(())), ("::1", Err("refused"))], &["127.0.0.1"]);
        check(&[("127.0.0.1", Err("refused")), ("::1", Ok(()))], &["::1"]);
    }

    #[test]
    fn an_alertmanager_that_is_down_counts() {
        let both = ["127.0.0.1", "::1"];
        check(&[("127.0.0.1", Err("refused")), ("::1", Err("refused"))], &both);
        check(&[("127.0.0.1", Ok(())), ("::1", Err("500"))], &both);
        let three = ["10.0.0.1", "10.0.0.2", "fd00::1"];
        check(&[("10.0.0.1", Ok(())), ("10.0.0.2", Err("refused")), ("fd00::1", Ok(()))], &three);
        check(&[("10.0.0.1", Ok(())), ("10.0.0.2", Err("refused"))], &three[..2]);
    }
}
