//! Slack's incoming webhook, which Mattermost and Rocket.Chat understand too.
//!
//! Slack shows the blocks. Texts that users wrote stand in them as `plain_text`, which has no markup. Mattermost and
//! Rocket.Chat read only `text`, so it names everything too.

use serde_json::{Value, json};

use super::room::{cut_escaped, fitting, links};
use super::{ChatFormat, Post};
use crate::core::text::{cut_units, units};
use crate::notify::render::{Card, Text, Tone};

pub(super) const SLACK: ChatFormat =
    ChatFormat { name: "slack", max_members: 50, url_is_secret: true, post: Post::ToUrl(slack) };

/// Slack's limits for a header, a section, and a message.
const HEADER_UNITS: usize = 150;
const SECTION_UNITS: usize = 3000;
const BLOCKS: usize = 50;
/// The most cards that are shown: more is too much for a chat.
const MAX_CARDS: usize = 10;
/// A card has two sections at most.
const CARD_BLOCKS: usize = 4;
/// How much of `text` details may fill: Rocket.Chat's default limit is 5,000 characters.
const TEXT_UNITS: usize = 4900;

fn slack(text: &Text) -> Value {
    json!({
        "text": fallback(text),
        "blocks": blocks(text),
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

fn blocks(text: &Text) -> Vec<Value> {
    let headline = cut_escaped(&text.subject, HEADER_UNITS, |subject| headline(text.tone, &escaped(subject)));
    let mut blocks = vec![json!({"type": "header", "text": plain(&headline)})];
    blocks.extend(text.summary.iter().map(|paragraph| section(&escaped(paragraph))));
    if text.is_digest() {
        let lines: Vec<String> = text.items.iter().map(|item| escaped(&item.plain())).collect();
        blocks.extend(sections(&lines));
    }
    let mut shown = 0;
    for card in text.cards.iter().take(MAX_CARDS) {
        if blocks.len() + CARD_BLOCKS + 1 > BLOCKS {
            break;
        }
        let title: Vec<String> = text.is_digest().then(|| escaped(&card.title)).into_iter().collect();
        let room = if text.is_digest() { SECTION_UNITS } else { 2 * SECTION_UNITS };
        let said = fitting(card, text.is_digest(), room, |line| match units(&escaped(line)) + 1 {
            longer if longer > SECTION_UNITS => room + 1,
            fits => fits,
        });
        let Some(said) = said else { break };
        let lines: Vec<String> = title.into_iter().chain(said.iter().map(|line| escaped(line))).collect();
        if text.is_digest() {
            blocks.push(json!({"type": "divider"}));
        }
        blocks.extend(sections(&lines));
        blocks.push(context(card));
        shown += 1;
    }
    blocks.extend(text.overview.as_ref().map(|url| {
        let link = slack_link(url, &text.rest(shown));
        json!({"type": "context", "elements": [{"type": "mrkdwn", "text": link, "verbatim": true}]})
    }));
    blocks
}

/// A card's links and small print.
fn context(card: &Card) -> Value {
    json!({"type": "context", "elements": [
        {"type": "mrkdwn", "text": joined_links(card), "verbatim": true},
        plain(&escaped(&card.small())),
    ]})
}

/// Fills sections with as many lines as each holds. No line is longer than a section.
fn sections(lines: &[String]) -> Vec<Value> {
    let mut texts: Vec<String> = Vec::new();
    for line in lines {
        match texts.last_mut() {
            Some(text) if units(text) + 1 + units(line) <= SECTION_UNITS => {
                text.push('\n');
                text.push_str(line);
            }
            _ => texts.push(cut_units(line, SECTION_UNITS)),
        }
    }
    texts.iter().map(|text| section(text)).collect()
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": plain(text)})
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text, "emoji": false})
}

/// The headline, with a sign by which a phone's user tells at a glance that all is well again from bad news.
fn headline(tone: Tone, subject: &str) -> String {
    let sign = match tone {
        Tone::Bad => "🔴",
        Tone::Unknown => "🟠",
        Tone::Good => "🟢",
    };
    format!("{sign} {subject}")
}

/// The text of Slack's notifications, and the whole message in Mattermost and Rocket.Chat.
fn fallback(text: &Text) -> String {
    let line = |line: &str| escaped(&markdown(line));
    let mut lines = vec![headline(text.tone, &line(&text.subject))];
    lines.extend(text.summary.iter().map(|paragraph| escaped(paragraph)));
    if text.is_digest() {
        lines.extend(text.items.iter().map(|item| escaped(&item.line(&markdown(&item.name), markdown))));
    }
    let length = |lines: &[String]| lines.iter().map(|line| units(line) + 1).sum::<usize>();
    let mut shown = 0;
    for card in &text.cards {
        let title: Vec<String> =
            text.is_digest().then(|| format!("\n{}", line(&card.title))).into_iter().collect();
        let end = [joined_links(card), line(&card.small())];
        let room = TEXT_UNITS.saturating_sub(length(&lines) + length(&title) + length(&end));
        let said = fitting(card, text.is_digest(), room, |raw| units(&line(raw)) + 1);
        let Some(said) = said else { break };
        lines.extend(title.into_iter().chain(said.iter().map(|raw| line(raw))).chain(end));
        shown += 1;
    }
    lines.extend(text.overview.as_ref().map(|url| slack_link(url, &text.rest(shown))));
    lines.join("\n")
}

fn joined_links(card: &Card) -> String {
    links(card).map(|(name, url)| slack_link(url, name)).collect::<Vec<_>>().join(" · ")
}

/// Escapes `&`, `<` and `>`, the only characters with a meaning in all of Slack's texts (links, mentions).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Removes what has a meaning in Markdown, Slack's markup and Mattermost's mentions. A `_` within a word is harmless,
/// and a link needs its `](`. In Mattermost, `@all` mentions people wherever it stands, unless an invisible character
/// follows the `@`.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let is_meant = match c {
            '\\' | '*' | '~' | '`' => true,
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            ']' => "([:".contains(next),
            '#' | '+' | '-' | '=' => escaped.trim_start().is_empty(),
            _ => false,
        };
        if is_meant {
            escaped.push('\\');
        }
        escaped.push(c);
        if c == '@' {
            escaped.push('\u{200b}');
        }
        before = c;
    }
    escaped
}

/// A link in Slack's angle brackets; a `|` would end its URL.
fn slack_link(url: &str, name: &str) -> String {
    format!("<{}|{name}>", url.replace('&', "&amp;").replace('|', "%7C"))
}
