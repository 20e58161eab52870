//! Teams' workflow webhook: an adaptive card. Texts are text runs, in which Markdown has no meaning.

use serde_json::{Value, json};

use super::room::{fitting, links};
use super::{ChatFormat, Post};
use crate::notify::render::{Text, Tone};

pub(super) const TEAMS: ChatFormat =
    ChatFormat { name: "teams", max_members: 20, url_is_secret: true, post: Post::ToUrl(teams) };

/// The most bytes of a stored message. Teams stores it as a JSON string of its JSON and takes 28 KB of that. What else
/// it stores with it is unknown: requests of 24,453 bytes were refused as 28,897.
const STORED_BYTES: usize = 24_000;
/// The most cards that are shown: nobody reads more.
const MAX_CARDS: usize = 10;

/// A workflow answers before the card is posted, so a card that is too long would be lost silently.
fn teams(text: &Text) -> Value {
    let mut body =
        vec![paragraph(&text.subject, Look { weight: "bolder", size: "medium", ..Look::of(text.tone) })];
    body.extend(text.summary.iter().map(|summary| paragraph(summary, Look::PLAIN)));
    if text.is_digest() {
        body.extend(text.items.iter().map(|item| paragraph(&item.plain(), Look::PLAIN)));
    }
    let rest = |shown| text.is_digest().then(|| paragraph(&text.rest(shown), Look::SMALL));
    // Reserve room for the longest text: the largest number has the most digits.
    body.extend(rest(0));
    let mut room = STORED_BYTES.saturating_sub(stored_bytes(&card(text, &body)));
    body.truncate(body.len() - usize::from(text.is_digest()));
    let mut shown = 0;
    for card in text.cards.iter().take(MAX_CARDS) {
        let title = text
            .is_digest()
            .then(|| paragraph(&card.title, Look { weight: "bolder", ..Look::of(card.tone) }));
        let small = paragraph(&card.small(), Look::SMALL);
        let bytes = |paragraph: &Value| stored_bytes(paragraph) + ",".len();
        let around = title.iter().chain([&small]).map(bytes).sum::<usize>();
        let left = room.saturating_sub(around);
        let length = |line: &str| bytes(&paragraph(line, Look::PLAIN));
        let Some(said) = fitting(card, text.is_digest(), left, length) else { break };
        let said: Vec<Value> = said.iter().map(|line| paragraph(line, Look::PLAIN)).collect();
        room -= around + said.iter().map(bytes).sum::<usize>();
        body.extend(title.into_iter().chain(said).chain([small]));
        shown += 1;
    }
    body.extend(rest(shown));
    card(text, &body)
}

fn card(text: &Text, body: &[Value]) -> Value {
    let overview = text.overview.iter().map(|url| ("All checks", url.as_str()));
    let of_card = text.cards.iter().filter(|_| !text.is_digest()).flat_map(links);
    let action = |(title, url)| json!({"type": "Action.OpenUrl", "title": title, "url": url});
    let actions: Vec<Value> = overview.chain(of_card).map(action).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// How a paragraph looks, in the words of adaptive cards; "" is the default.
#[derive(Clone, Copy)]
struct Look {
    weight: &'static str,
    size: &'static str,
    color: &'static str,
    is_subtle: bool,
}

impl Look {
    const PLAIN: Look = Look { weight: "", size: "", color: "", is_subtle: false };
    const SMALL: Look = Look { size: "small", is_subtle: true, ..Look::PLAIN };

    fn of(tone: Tone) -> Look {
        let color = match tone {
            Tone::Bad => "attention",
            Tone::Unknown => "warning",
            Tone::Good => "good",
        };
        Look { color, ..Look::PLAIN }
    }
}

fn paragraph(line: &str, look: Look) -> Value {
    let mut run = json!({"type": "TextRun", "text": line});
    for (name, value) in [("weight", look.weight), ("size", look.size), ("color", look.color)] {
        if !value.is_empty() {
            run[name] = value.into();
        }
    }
    if look.is_subtle {
        run["isSubtle"] = true.into();
    }
    json!({"type": "RichTextBlock", "inlines": [run]})
}

/// The length of a value as Teams stores it: as ASCII within a string of another JSON. What is escaped there is escaped
/// twice: a quote within a text takes four bytes, a character beyond ASCII seven, one beyond the basic plane fourteen.
pub(crate) fn stored_bytes(value: &Value) -> usize {
    let stored = |c: char| match c {
        '"' | '\\' => 2,
        c if c.is_ascii() => 1,
        c => "\\\\uFFFF".len() * c.len_utf16(),
    };
    value.to_string().chars().map(stored).sum()
}
