//! Removes secrets of the configuration from a server's answers and from errors, which may repeat them.

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::core::secret::Secret;
use crate::notify::http_config::HttpConfig;

/// Shorter secrets are not removed: that would only punch holes into words.
const MIN_SECRET_BYTES: usize = 6;

/// Removes what only this URL and these settings hold, both as written and decoded.
pub(super) fn redact(text: &str, url: &Secret, http: &HttpConfig) -> String {
    let credentials = http.authorization.as_ref().map(|authorization| &authorization.credentials);
    let password = http.basic_auth.as_ref().map(|basic| &basic.password);
    let proxy_url = http.proxy_url.as_ref();
    let whole = [credentials, password, proxy_url].into_iter().flatten();
    let mut secrets: Vec<String> = whole.map(|secret| secret.expose().to_owned()).collect();
    if let Ok(url) = Url::parse(url.expose()) {
        add_parts(&mut secrets, &url);
    }
    if let Some(Ok(url)) = proxy_url.map(|url| Url::parse(url.expose())) {
        add_parts(&mut secrets, &url);
    }
    without(text, secrets)
}

/// Removes these secrets, except short ones.
pub(crate) fn without(text: &str, mut secrets: Vec<String>) -> String {
    secrets.retain(|secret| secret.len() >= MIN_SECRET_BYTES);
    // Longest first, so that a secret that is part of another does not break it up.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
}

/// What of a URL may be a secret by itself: each part of its path, each value of its query, who it names and by which password.
pub fn parts_of_url(url: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if let Ok(url) = Url::parse(url) {
        add_parts(&mut parts, &url);
    }
    parts
}

fn add_parts(secrets: &mut Vec<String>, url: &Url) {
    let query = url.query().unwrap_or_default();
    secrets.push(format!("{}?{query}", url.path()).trim_matches(['/', '?']).to_owned());
    let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let parts = url.path().split('/').chain(values).chain([url.username()]).chain(url.password());
    for part in parts {
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        // In a query, a plus may stand for a space.
        secrets.extend([part.to_owned(), decoded(part), decoded(&part.replace('+', " "))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_secret_is_a_secret_too() {
        let url = "https://user-of-hook:p%C3%A4ssword@hooks.example.org/services/T0/s3cret%2Fpath?token=t0ken+value&wait=true&b4re-token";
        let proxy_url = Some(Secret::new("http://me:pr0xy%21pass@proxy.example.org:3128"));
        let http = HttpConfig { proxy_url, ..HttpConfig::default() };
        let check = |said: &str, shown: &str| {
            assert_eq!(redact(said, &Secret::new(url), &http), shown, "{said}");
        };
        check("unknown token s3cret%2Fpath", "unknown token …");
        check("unknown token s3cret/path at T0", "unknown token … at T0");
        check("t0ken+value, t0ken value, b4re-token: true", "…, …, …: true");
        check("POST /services/T0/s3cret%2Fpath?token=t0ken+value&wait=true&b4re-token?", "POST /…?");
        check("user-of-hook:p%C3%A4ssword or pässword", "…:… or …");
        check("pr0xy%21pass pr0xy!pass proxy.example.org", "… … proxy.example.org");
    }
}
