//! Hides the URLs that ping through other systems' interfaces: a chat's preview would follow them (docs/templates.md).
//! Whoever builds a transport knows which these are. They are taken out of a notice before any format reads it, so that no
//! format can forget one.

use regex::Regex;

use super::text::{A_PING_URL, is_invisible};
use crate::core::incident::IncidentKey;
use crate::core::notice::Notice;
use crate::core::outbox::Attempt;

/// The URLs that ping through other systems' interfaces, on any host. URLs of the form `/ID` are not among them: only
/// their host tells them from others ([`super::text::without_id_urls`]).
#[derive(Clone, Debug, Default)]
pub struct PingUrls(Option<Regex>);

impl PingUrls {
    /// Those with one of these in their path, such as `/coal-mine/v1/canary/`.
    pub fn new(paths: impl IntoIterator<Item = String>) -> PingUrls {
        let paths: Vec<String> = paths.into_iter().map(|path| regex::escape(&path)).collect();
        let pattern = format!(r"(?i)https?://\S*?(?:{})\S*", paths.join("|"));
        PingUrls((!paths.is_empty()).then(|| Regex::new(&pattern).expect("what is escaped is a regex")))
    }

    /// The notice without them. Each field is named here: whoever adds one decides whether strangers write it.
    pub(super) fn out_of_notice(&self, mut notice: Notice) -> Notice {
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
            emails: _,
        } = &mut notice;
        let timed = last_log.iter_mut().chain(output).map(|(_, text)| text);
        let of_the_run = last_run.iter_mut().flat_map(|run| run.comment.iter_mut().chain([&mut run.source]));
        let events = alias.iter_mut().flat_map(|alias| &mut alias.events).map(|(_, text)| text);
        let texts = [title, group, description, runbook_url, schedule, declared, asked_by].into_iter();
        let labels = labels.iter_mut().map(|(_, value)| value);
        texts.chain(timed).chain(of_the_run).chain(events).chain(labels).for_each(|text| self.hide_in(text));
        if let Some(text) = self.hidden(key.as_str()) {
            *key = IncidentKey::parse(&text).expect("words replace longer URLs");
        }
        notice
    }

    /// The result of an attempt without them: a receiver's answer may repeat what it was sent.
    pub(super) fn out_of_attempt(&self, mut attempt: Attempt) -> Attempt {
        let (Attempt::Taken { answer: text }
        | Attempt::Later { why: text, .. }
        | Attempt::Unreachable { why: text, .. }
        | Attempt::Misdirected { why: text }
        | Attempt::Never { why: text }) = &mut attempt;
        self.hide_in(text);
        attempt
    }

    pub(super) fn hide_in(&self, text: &mut String) {
        if let Some(hidden) = self.hidden(text) {
            *text = hidden;
        }
    }

    /// The text without them; `None`: it has none. Invisible characters do not make another URL of one.
    fn hidden(&self, text: &str) -> Option<String> {
        let urls = self.0.as_ref()?;
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        urls.is_match(&visible).then(|| urls.replace_all(&visible, A_PING_URL).into_owned())
    }
}
