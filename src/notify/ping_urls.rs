//! Hides the URLs that ping, since a chat's preview would follow them (docs/templates.md): `/ping/NAME`, those of other
//! systems' interfaces, and `/ID` at our own address. They are taken out of a notice before any format reads it, so that no
//! format can forget one.

use std::fmt::Write;

use regex::Regex;
use sha2::{Digest, Sha256};

use super::text::is_invisible;
use crate::core::check::Alias;
use crate::core::incident::IncidentKey;
use crate::core::notice::Notice;
use crate::core::outbox::Attempt;
use crate::core::text::cut_bytes;

/// What stands in the path of our own.
const OURS: &str = "/ping/";

/// What replaces one.
const A_PING_URL: &str = "(a ping URL)";

/// The URLs that ping on any host, by what stands in their path. Those of the form `/ID` are told from others by the host,
/// which comes with each message.
#[derive(Clone, Debug)]
pub struct PingUrls(Regex);

impl Default for PingUrls {
    /// Ours alone.
    fn default() -> PingUrls {
        PingUrls::new([])
    }
}

impl PingUrls {
    /// Ours, and those with one of these in their path, such as `/coal-mine/v1/canary/`: whoever builds a transport knows
    /// which interfaces there are.
    pub fn new(paths: impl IntoIterator<Item = String>) -> PingUrls {
        let paths = [OURS.to_owned()].into_iter().chain(paths);
        let paths: Vec<String> = paths.map(|path| regex::escape(&path)).collect();
        let pattern = format!(r"(?i)https?://\S*?(?:{})\S*", paths.join("|"));
        PingUrls(Regex::new(&pattern).expect("what is escaped is a regex"))
    }

    /// The notice without them. Each field is named here: whoever adds one decides whether strangers write it.
    pub(super) fn out_of_notice(&self, mut notice: Notice, external_url: &str) -> Notice {
        let Notice {
            title,
            group,
            labels,
            description,
            runbook_url,
            schedule,
            last_run,
            last_log,
            output,
            declared,
            asked_by,
            alias,
            key,
            kind: _,
            incident: _,
            incident_status: _,
            check: _,
            first: _,
            causes: _,
            opened_at: _,
            ended_at: _,
            grace: _,
            due: _,
            zone: _,
            last_success: _,
            responder: _,
            repeat_interval: _,
            thread: _,
            blind: _,
            // As the configuration has it.
            with: _,
            emails: _,
            records,
            diagnosis,
        } = &mut notice;
        let timed = last_log.iter_mut().chain(output).map(|(_, text)| text);
        let of_the_run = last_run.iter_mut().flat_map(|run| run.comment.iter_mut().chain([&mut run.source]));
        let events = alias.iter_mut().flat_map(|alias| &mut alias.events).map(|(_, text)| text);
        let texts = [title, group, description, runbook_url, schedule, declared, asked_by].into_iter();
        let labels = labels.iter_mut().map(|(_, value)| value);
        let of_records = records.iter_mut().flat_map(|records| &mut records.said);
        for record in of_records {
            self.hide_in(&mut record.title, external_url);
            self.hide_in(&mut record.details, external_url);
            if let Some(text) = self.hidden(record.key.as_str(), external_url) {
                record.key = distinct(&text, &record.key);
            }
        }
        if let Some(diagnosis) = diagnosis {
            let shown = |text: &str| self.hidden(text, external_url).unwrap_or_else(|| text.to_owned());
            *diagnosis = diagnosis.reworded(shown);
        }
        texts
            .chain(timed)
            .chain(of_the_run)
            .chain(events)
            .chain(labels)
            .for_each(|text| self.hide_in(text, external_url));
        if let Some(text) = self.hidden(key.as_str(), external_url) {
            *key = distinct(&text, key);
        }
        notice
    }

    /// The result of an attempt without them: a receiver's answer may repeat what it was sent.
    pub(super) fn out_of_attempt(&self, mut attempt: Attempt, external_url: &str) -> Attempt {
        let text = attempt.text_mut();
        self.hide_in(text, external_url);
        // The words may be longer than a short URL.
        *text = cut_bytes(text, Attempt::MAX_ANSWER_BYTES);
        attempt
    }

    pub(super) fn hide_in(&self, text: &mut String, external_url: &str) {
        if let Some(hidden) = self.hidden(text, external_url) {
            *text = hidden;
        }
    }

    /// The text without them; `None`: it has none. Invisible characters do not make another URL of one.
    fn hidden(&self, text: &str, external_url: &str) -> Option<String> {
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        let hidden = self.0.replace_all(&visible, A_PING_URL);
        let hidden = without_id_urls(&hidden, external_url.trim_end_matches('/'));
        (hidden != visible).then_some(hidden)
    }
}

/// The key of a record in these words. Two records stay two, whatever is hidden of their keys: a part of the key's hash
/// follows.
fn distinct(words: &str, key: &IncidentKey) -> IncidentKey {
    let mut end = " ".to_owned();
    for byte in &Sha256::digest(key.as_str())[..8] {
        write!(end, "{byte:02x}").expect("a text can be written to");
    }
    let words = cut_bytes(words, IncidentKey::MAX_BYTES - end.len());
    IncidentKey::parse(&(words + &end)).unwrap_or_else(|_| IncidentKey::own())
}

/// Removes `BASE/ID` (eight letters at our own address), which also pings checks of other systems.
fn without_id_urls(text: &str, base: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some(place) = find_ignoring_case(rest, base) {
        let (before, from) = rest.split_at(place);
        let path = &from[base.len()..];
        let ends = |c: char| c.is_whitespace() || "\"<>()[]|'".contains(c);
        let url_len = base.len() + path.find(ends).unwrap_or(path.len());
        let (url, after) = from.split_at(url_len);
        kept.push_str(before);
        kept.push_str(if is_id(&url[base.len()..]) { A_PING_URL } else { url });
        rest = after;
    }
    kept + rest
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    if wanted.is_empty() {
        return None;
    }
    let bytes = text.as_bytes().windows(wanted.len());
    bytes.into_iter().position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Whether the path is `/` and eight letters, with no further letter or `/` after them.
fn is_id(path: &str) -> bool {
    let Some(id) = path.strip_prefix('/') else { return false };
    let letters = id.bytes().take_while(u8::is_ascii_alphabetic).count();
    letters == Alias::ID_LETTERS && !id[letters..].starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::diagnose::{CaseSaid, Diagnosis, DiagnosisFound};
    use crate::core::time::Time;
    use crate::notify::sample;

    const BASE: &str = "https://p.example.org/";

    fn shown(urls: &PingUrls, text: &str) -> String {
        urls.hidden(text, BASE).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn a_ping_url_is_never_shown() {
        let shown = |text| shown(&PingUrls::default(), text);
        assert_eq!(shown("see https://p.example.org/ping/key/job?rid=1 now"), "see (a ping URL) now");
        assert_eq!(shown("HTTP://10.0.0.1:19099/punctual/PING/job"), "(a ping URL)");
        assert_eq!(shown("https://wiki.example.org/shipping/a"), "https://wiki.example.org/shipping/a");
    }

    /// A GET of such an address pings the check.
    #[test]
    fn an_id_that_pings_is_never_shown_at_our_address() {
        let check = |text: &str, expected: &str| {
            assert_eq!(shown(&PingUrls::default(), text), expected, "{text}");
        };
        check("a https://p.example.org/abcdefgh b", "a (a ping URL) b");
        check("[x](HTTPS://P.example.org/ABCDEFGH?m=1)é", "[x]((a ping URL))é");
        check("https://p.example.org/abcdefgh https://p.example.org/abcdefgh", "(a ping URL) (a ping URL)");
        for other in [
            "https://p.example.org/checks/a",
            "https://p.example.org/abcdefghi",
            "https://wiki.example.org/runbooks",
            "https://p.example.org",
            "é https://p.example.org/",
        ] {
            check(other, other);
        }
    }

    /// 21.6b
    #[test]
    fn what_was_found_shows_none() {
        let url = "https://p.example.org/ping/key/job";
        let case = CaseSaid::new(url, url, url).expect("it is short");
        let found = DiagnosisFound::Proposal { case, plan: format!("curl {url}") };
        let diagnosis = Some(Diagnosis { number: 1, at: Time::from_secs(0), found });
        let notice = Notice { diagnosis, ..sample::alert(Time::from_secs(0)) };
        let shown = format!("{:?}", PingUrls::default().out_of_notice(notice, BASE).diagnosis);
        assert!(!shown.contains("/ping/") && shown.matches("(a ping URL)").count() == 4, "{shown}");
    }

    /// Replaced by longer words, the key would be longer than a key may be.
    #[test]
    fn the_keys_of_two_records_stay_two_and_keys() {
        let urls = PingUrls::new(["/p/".to_owned()]);
        let short = "http://a/p/ ".repeat(IncidentKey::MAX_BYTES / 12);
        for key in ["http://a/p/x", &short] {
            let notice = |key: &str| {
                let key = IncidentKey::parse(key).expect("a good key");
                urls.out_of_notice(Notice { key, ..sample::alert(Time::from_secs(0)) }, BASE)
            };
            let (one, other) = (notice(key).key, notice(&key.replacen("a/p/", "b/p/", 1)).key);
            assert!(one.as_str().starts_with(A_PING_URL) && !one.as_str().contains("/p/"), "{one}");
            assert_ne!(one, other);
        }
    }
}
