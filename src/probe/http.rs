//! A request, and whether its answer is as it should be (17.12).

use reqwest::header::LOCATION;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response, Url};
use tokio::sync::OnceCell;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::body::{ReadBody, judge};
use super::lacks::Unanswered;
use super::trust::{Trust, TrustReader, plain};
use super::within::within;
use crate::core::probe::{HttpProbe, ProbeFound};
use crate::core::text::begun;
use crate::core::time::{Span, Time};

/// The longest reason.
const MAX_WHY_CHARS: usize = 400;

/// Makes the requests.
#[derive(Debug, Default)]
pub(super) struct HttpLooker {
    plain: OnceCell<Client>,
    trust: TrustReader,
}

/// One request and those that it is redirected to.
struct Asking<'l> {
    probe: &'l HttpProbe,
    plain: &'l Client,
    trust: Option<&'l Trust>,
    now: Time,
}

/// What a server has answered.
enum Answered {
    /// That says all.
    Found(ProbeFound),
    /// It depends on the body.
    With(ReadBody),
}

impl Unanswered {
    fn found(self, probe: &HttpProbe) -> ProbeFound {
        let (is_unknown, why) = match self {
            Unanswered::CannotLook(why) => (true, why),
            // That is what was asked.
            Unanswered::Expired(why) if probe.certificate_expires_in.is_some() => (false, why),
            Unanswered::Unreachable(why) | Unanswered::Untrusted(why) | Unanswered::Expired(why) => {
                (probe.unreachable_is_unknown, why)
            }
            Unanswered::NeedsTrust => (true, "the system's certificates were not read".to_owned()),
        };
        let why = begun(&why, MAX_WHY_CHARS);
        if is_unknown { ProbeFound::unknown(why) } else { ProbeFound::violated(why) }
    }
}

impl HttpLooker {
    pub(super) async fn look(&self, probe: &HttpProbe, timeout: Span, now: Time) -> ProbeFound {
        match self.ask(probe, timeout, now).await {
            Ok(Answered::Found(found)) => found,
            Ok(Answered::With(body)) => judge(probe, body).await,
            Err(no_answer) => no_answer.found(probe),
        }
    }

    /// Whether those whom the system trusts could not be read, when that was last tried.
    pub(super) fn lacks_trust(&self) -> bool {
        self.trust.is_unread()
    }

    /// To read whom the system trusts is no time of the server's: where a request finds that it is needed, the request begins anew.
    async fn ask(&self, probe: &HttpProbe, timeout: Span, now: Time) -> Result<Answered, Unanswered> {
        let plain = self.plain.get_or_try_init(async || plain()).await?;
        let mut trust = self.trust.known(now);
        if trust.is_none() && probe.url.starts_with("https:") {
            trust = Some(self.trust.read(now).await?);
        }
        loop {
            let asking = Asking { probe, plain, trust: trust.as_ref(), now };
            let asked = within(timeout, asking.ask()).await;
            trust = match (asked, trust) {
                (None, _) => {
                    return Err(Unanswered::Unreachable(format!(
                        "there was no whole answer within {timeout}"
                    )));
                }
                (Some(Err(Unanswered::NeedsTrust)), None) => Some(self.trust.read(now).await?),
                (Some(Err(Unanswered::Untrusted(_))), Some(trust)) if trust.may_be_outdated(now) => {
                    Some(self.trust.read_again(now).await?)
                }
                (Some(Err(Unanswered::Untrusted(why))), Some(Trust { lacks: Some(lacks), .. })) => {
                    return Err(Unanswered::CannotLook(format!("{why}, and not all are read: {lacks}")));
                }
                (Some(asked), _) => return asked,
            };
        }
    }
}

impl Asking<'_> {
    async fn ask(&self) -> Result<Answered, Unanswered> {
        let probe = self.probe;
        let violated = |why: String| Ok(Answered::Found(ProbeFound::violated(begun(&why, MAX_WHY_CHARS))));
        let mut response = match self.get().await? {
            Ok(response) => response,
            Err(why) => return violated(why),
        };
        let status = response.status().as_u16();
        if !probe.statuses.iter().any(|(from, to)| (*from..=*to).contains(&status)) {
            return violated(format!("the status is {status}"));
        }
        if probe.body.is_empty() && probe.json.is_empty() {
            return Ok(Answered::Found(ProbeFound::holds()));
        }
        read(&mut response).await.map(Answered::With)
    }

    /// Follows redirects itself: a limit of theirs is an answer, and no error. Each certificate on the way is looked at; the inner
    /// error says what is wrong with an answer.
    async fn get(&self) -> Result<Result<Response, String>, Unanswered> {
        let not_one = |error| Unanswered::Unreachable(format!("not a URL: {error}"));
        let mut url = Url::parse(&self.probe.url).map_err(not_one)?;
        for _ in 0..=HttpProbe::MAX_REDIRECTS {
            let response = self.client(&url)?.get(url.clone()).send().await;
            let response = response.map_err(|error| Unanswered::of(&error.without_url()))?;
            if let Some(within) = self.probe.certificate_expires_in
                && let Err(why) = certificate_is_good(&response, within, self.now)
            {
                return Ok(Err(why));
            }
            match redirect(self.probe, &url, &response) {
                Ok(Some(next)) => url = next,
                Ok(None) => return Ok(Ok(response)),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Err(format!("it redirects more than {} times", HttpProbe::MAX_REDIRECTS)))
    }

    fn client(&self, url: &Url) -> Result<&Client, Unanswered> {
        match self.trust {
            _ if url.scheme() == "http" => Ok(self.plain),
            Some(trust) => Ok(&trust.client),
            None => Err(Unanswered::NeedsTrust),
        }
    }
}

/// Where an answer leads to; `None`: it is the last.
fn redirect(probe: &HttpProbe, url: &Url, response: &Response) -> Result<Option<Url>, String> {
    let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
    let Some(location) = location.filter(|_| probe.follows_redirects) else { return Ok(None) };
    let next = location.to_str().ok().and_then(|location| url.join(location).ok());
    let next = next.ok_or_else(|| "it redirects to nowhere".to_owned())?;
    // What was encrypted stays so.
    if matches!((url.scheme(), next.scheme()), ("http", "http") | (_, "https")) {
        Ok(Some(next))
    } else {
        Err(format!("it redirects to {}:", next.scheme()))
    }
}

/// As much of the body as is looked at.
async fn read(response: &mut Response) -> Result<ReadBody, Unanswered> {
    let mut body = ReadBody::default();
    let broken_off = |error: reqwest::Error| Unanswered::of(&error.without_url());
    while let Some(chunk) = response.chunk().await.map_err(broken_off)?
        && body.add(&chunk)
    {}
    Ok(body)
}

/// Whether the server's certificate is good for longer than this.
fn certificate_is_good(response: &Response, within: Span, now: Time) -> Result<(), String> {
    let info = response.extensions().get::<TlsInfo>();
    let certificate =
        info.and_then(TlsInfo::peer_certificate).and_then(|der| Certificate::from_der(der).ok());
    let Some(certificate) = certificate else { return Err("the certificate cannot be read".to_owned()) };
    let ends = certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    let ends = Time::from_secs(i64::try_from(ends).unwrap_or(i64::MAX / 1000));
    if ends - now > within {
        return Ok(());
    }
    Err(format!("the certificate expires at {ends}, within {within}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 17.12b, 17.12e
    #[test]
    fn only_no_answer_is_unknown_where_that_is_wished() {
        let mut probe = HttpProbe::of("https://127.0.0.1:9/".into());
        let all = || ["CannotLook", "Unreachable", "Untrusted", "Expired"].map(String::from);
        let found = |probe: &HttpProbe| {
            let [lack, unreachable, untrusted, expired] = all();
            let all = [
                Unanswered::CannotLook(lack),
                Unanswered::Unreachable(unreachable),
                Unanswered::Untrusted(untrusted),
                Unanswered::Expired(expired),
            ];
            all.map(|no_answer| no_answer.found(probe).outcome.as_str())
        };
        assert_eq!(found(&probe), ["unknown", "violated", "violated", "violated"]);
        probe.unreachable_is_unknown = true;
        assert_eq!(found(&probe), ["unknown"; 4]);
        probe.certificate_expires_in = Some(Span::mins(1));
        assert_eq!(found(&probe), ["unknown", "unknown", "unknown", "violated"]);
    }
}
