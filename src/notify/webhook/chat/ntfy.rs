//! ntfy. Users configure the topic's URL; the JSON is posted to the server's root with the topic inside.

use serde_json::{Value, json};

use super::room::fitting;
use super::{ChatFormat, Post};
use crate::core::text::cut_bytes;
use crate::notify::render::{Item, Text, Tone};

pub(super) const NTFY: ChatFormat =
    ChatFormat { name: "ntfy", max_members: 8, url_is_secret: false, post: Post::ToTopic(ntfy) };

/// ntfy turns a message of more than 4,096 bytes into an attachment.
const MESSAGE_BYTES: usize = 4096;
const TITLE_BYTES: usize = 250;

fn ntfy(text: &Text, topic: &str) -> Value {
    let tag = match text.tone {
        Tone::Bad => "rotating_light",
        Tone::Unknown => "question",
        Tone::Good => "white_check_mark",
    };
    let click = text.overview.as_ref().or(text.cards.first().map(|card| &card.page));
    json!({
        "topic": topic,
        "title": cut_bytes(&text.subject, TITLE_BYTES),
        "message": message(text),
        "priority": priority(text),
        "tags": [tag],
        "click": click,
    })
}

fn message(text: &Text) -> String {
    let mut lines: Vec<String> = text.summary.clone().into_iter().collect();
    if text.is_digest() {
        lines.extend(text.items.iter().map(Item::plain));
    }
    let length = |lines: &[String]| lines.iter().map(|line| line.len() + 1).sum::<usize>();
    // Tapping the message opens the page of all checks.
    let rest = |shown| text.is_digest().then(|| format!("\n{}", text.rest(shown)));
    let mut room = MESSAGE_BYTES.saturating_sub(length(&lines) + rest(0).map_or(0, |rest| rest.len()));
    let mut shown = 0;
    for card in &text.cards {
        let title = text.is_digest().then(|| format!("\n{}", card.title));
        let title: Vec<String> = title.into_iter().collect();
        let small = [card.small()];
        let left = room.saturating_sub(length(&title) + length(&small));
        let Some(said) = fitting(card, text.is_digest(), left, |line| line.len() + 1) else { break };
        room = left - length(&said);
        lines.extend(title.into_iter().chain(said).chain(small));
        shown += 1;
    }
    lines.extend(rest(shown));
    lines.join("\n")
}

/// From 1 to 5, by the worst item: 3 makes a sound, 4 and 5 are more insistent.
fn priority(text: &Text) -> u8 {
    let of_worst = text.items.first().map_or("", |item| item.severity.as_str());
    match (text.tone, of_worst) {
        (_, "info") => 2,
        (Tone::Good, _) | (_, "warning") => 3,
        (_, "critical") => 5,
        _ => 4,
    }
}
