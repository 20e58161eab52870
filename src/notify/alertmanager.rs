//! Pushes alerts to Alertmanager as Prometheus does: every alert to every address, repeatedly (docs/semantics.md, 13).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use reqwest::Url;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::address::http_url;
use super::client::{Server, origin};
use super::http_config::{HTTP_CONFIG, HttpConfig, http_config};
use super::render::{base, page};
use super::{PingUrls, aside, duration, text};
use crate::clock::Stopwatch;
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

/// Pushes to every address of every Alertmanager.
#[derive(Debug)]
pub struct Pusher {
    alertmanagers: Vec<Arc<Target>>,
    ping_urls: PingUrls,
}

/// An Alertmanager that is pushed to. Its name may resolve to several addresses.
#[derive(Debug)]
struct Target {
    settings: Alertmanager,
    timeout: Span,
    /// One client per address that the name resolved to at the last push.
    servers: Mutex<BTreeMap<Option<SocketAddr>, Arc<Server>>>,
}

/// How the push to one address went.
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

/// What is pushed to every address.
#[derive(Clone)]
struct News {
    alerts: Arc<Vec<Alert>>,
    begun_at: Time,
    begun: Stopwatch,
    external_url: Arc<str>,
}

/// The result of the push to one address.
struct Pushed {
    address: Option<SocketAddr>,
    target: String,
    result: Result<(), String>,
    is_unreachable: bool,
}

impl Pusher {
    /// How long a request may take: Prometheus' own limit.
    pub const TIMEOUT: Span = Span::secs(10);
    /// A firing alert says that it ends after this time, so four pushes may be lost (13.1).
    pub const ENDS_AFTER: Span = Span::mins(4);
    /// The most alerts in one request.
    pub const MAX_ALERTS: usize = 256;
    /// The most addresses of one name.
    const MAX_ADDRESSES: usize = 32;

    /// Connects to nothing yet. `timeout` bounds each request; usually it is [`Pusher::TIMEOUT`].
    /// `ping_urls` never stand in what is said of a push.
    pub fn new(alertmanagers: &[Alertmanager], timeout: Span, ping_urls: &PingUrls) -> Pusher {
        let new = |settings: &Alertmanager| {
            Arc::new(Target { settings: settings.clone(), timeout, servers: Mutex::default() })
        };
        Pusher { alertmanagers: alertmanagers.iter().map(new).collect(), ping_urls: ping_urls.clone() }
    }

    /// Pushes all alerts to every address of every Alertmanager concurrently, so that one that hangs does not delay the
    /// others. Sends nothing if there are no alerts.
    pub async fn push(&self, alerts: Arc<Vec<Alert>>, now: Time, external_url: &str) -> Vec<PushOutcome> {
        if alerts.is_empty() {
            return Vec::new();
        }
        let news =
            News { alerts, begun_at: now, begun: Stopwatch::start(), external_url: external_url.into() };
        let mut pushes = JoinSet::new();
        for (i, alertmanager) in self.alertmanagers.iter().map(Arc::clone).enumerate() {
            let news = news.clone();
            pushes.spawn(async move { (i, alertmanager.push(news).await) });
        }
        let mut outcomes: Vec<(usize, Vec<PushOutcome>)> = pushes.join_all().await;
        outcomes.sort_by_key(|(i, _)| *i);
        let mut outcomes: Vec<PushOutcome> =
            outcomes.into_iter().flat_map(|(_, outcomes)| outcomes).collect();
        outcomes
            .iter_mut()
            .filter_map(|one| one.result.as_mut().err())
            .for_each(|why| self.ping_urls.hide_in(why, external_url));
        outcomes
    }
}

impl Target {
    async fn push(&self, news: News) -> Vec<PushOutcome> {
        let servers = match self.resolve().await {
            Ok(servers) => servers,
            Err(why) => return vec![PushOutcome { target: origin(&self.settings.url), result: Err(why) }],
        };
        let mut pushes = JoinSet::new();
        for (address, server) in servers {
            pushes.spawn(push_all(address, server, news.clone(), self.timeout));
        }
        let mut pushed: Vec<Pushed> = pushes.join_all().await;
        forget_other_family(&mut pushed);
        pushed.sort_by_key(|one| one.address);
        pushed.into_iter().map(|one| PushOutcome { target: one.target, result: one.result }).collect()
    }

    /// Returns a client for each address of the name, and drops the clients of addresses that the name no longer has.
    async fn resolve(&self) -> Result<BTreeMap<Option<SocketAddr>, Arc<Server>>, String> {
        let Alertmanager { url, http } = &self.settings;
        let timeout = self.timeout;
        let parsed = Url::parse(url).map_err(|error| format!("not a URL: {error}"))?;
        let (Some(host), Some(port)) = (parsed.host_str(), parsed.port_or_known_default()) else {
            return Err("a URL of an Alertmanager needs a host".to_owned());
        };
        let addresses: Vec<Option<SocketAddr>> = if http.proxy_url.is_some() {
            // The proxy resolves the name.
            vec![None]
        } else {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let found = tokio::time::timeout(duration(timeout), tokio::net::lookup_host((host, port))).await;
            let found = found.map_err(|_| format!("{host} was not resolved within {timeout}"))?;
            let found = found.map_err(|error| text::reason(&format!("{host}: {error}")))?;
            found.take(Pusher::MAX_ADDRESSES).map(Some).collect()
        };
        let endpoint = Secret::new(format!("{}/api/v2/alerts", base(url)));
        let mut servers = self.servers.lock().await;
        servers.retain(|address, _| addresses.contains(address));
        for address in addresses {
            servers.entry(address).or_insert_with(|| {
                let http = http.clone();
                Arc::new(match address {
                    Some(address) => Server::at(endpoint.clone(), http, address),
                    None => Server::new(endpoint.clone(), http),
                })
            });
        }
        Ok(servers.clone())
    }
}

impl News {
    /// The current time. A push of many requests takes a while, and each request counts the end of its alerts from its
    /// own time (13.1).
    fn now(&self) -> Time {
        self.begun_at + Span::ms(i64::try_from(self.begun.took().as_millis()).unwrap_or(i64::MAX))
    }

    /// Builds the request with these alerts right before it is posted, and on a blocking thread: building all requests
    /// at once would delay pings and fill the memory.
    async fn request(&self, alerts: Range<usize>) -> Vec<u8> {
        let news = self.clone();
        aside(move || body(&news.alerts[alerts], news.now(), &news.external_url)).await
    }
}

fn body(alerts: &[Alert], now: Time, external_url: &str) -> Vec<u8> {
    let posted: Vec<Posted<'_>> = alerts.iter().map(|alert| posted(alert, now, external_url)).collect();
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
    Posted {
        annotations,
        starts_at: alert.starts_at.to_string(),
        ends_at: alert.ended_at.unwrap_or(now + Pusher::ENDS_AFTER).to_string(),
        generator_url: match check {
            Some(check) => page(external_url, &check),
            None => base(external_url).to_owned(),
        },
        labels,
    }
}

async fn push_all(address: Option<SocketAddr>, server: Arc<Server>, news: News, timeout: Span) -> Pushed {
    let origin = server.origin();
    let target = match address {
        Some(address) => format!("{origin} ({})", address.ip()),
        None => origin.clone(),
    };
    let mut result = Ok(());
    let mut is_unreachable = false;
    let count = news.alerts.len();
    for begin in (0..count).step_by(Pusher::MAX_ALERTS) {
        let request = news.request(begin..count.min(begin + Pusher::MAX_ALERTS)).await;
        let posting = server.post("application/json", &[], request, news.now());
        match tokio::time::timeout(duration(timeout), posting).await {
            Ok(Ok(answer)) => match answer.into_attempt(&origin) {
                Attempt::Taken { .. } => {}
                // One bad alert does not keep the other requests from being sent.
                Attempt::Later { why, .. }
                | Attempt::Unreachable { why, .. }
                | Attempt::Misdirected { why }
                | Attempt::Never { why } => {
                    result = Err(why);
                }
            },
            Ok(Err(error)) => {
                is_unreachable = error.is_connect;
                result = Err(text::reason(&error.why));
                break;
            }
            Err(_) => {
                result = Err(format!("{origin}: no answer within {timeout}"));
                break;
            }
        }
    }
    Pushed { address, target, result, is_unreachable }
}

/// Drops the address family of which no address can be reached, if the other family took the alerts: a name such as
/// `localhost` often resolves to IPv4 and IPv6 while the server listens on only one of them.
fn forget_other_family(pushed: &mut Vec<Pushed>) {
    let is_v6 = |one: &Pushed| one.address.is_some_and(|address| address.is_ipv6());
    for v6 in [true, false] {
        let is_dead = pushed.iter().filter(|one| is_v6(one) == v6).all(|one| one.is_unreachable);
        let is_other_good = pushed.iter().any(|one| is_v6(one) != v6 && one.result.is_ok());
        if is_dead && is_other_good {
            pushed.retain(|one| is_v6(one) != v6);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks which of these addresses remain, given the result of the push to each.
    fn check(pushes: &[(&str, Result<(), &str>)], expected: &[&str]) {
        let pushed = |(ip, result): &(&str, Result<(), &str>)| Pushed {
            address: Some(SocketAddr::new(ip.parse().expect("an address"), 9093)),
            target: (*ip).to_owned(),
            result: result.map_err(str::to_owned),
            is_unreachable: *result == Err("refused"),
        };
        let mut all: Vec<Pushed> = pushes.iter().map(pushed).collect();
        forget_other_family(&mut all);
        let left: Vec<&str> = all.iter().map(|one| one.target.as_str()).collect();
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
