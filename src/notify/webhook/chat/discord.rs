//! Discord's webhook: an embed with the list, and an embed for each check with details.

use serde_json::{Value, json};

use super::room::{cut_escaped, fitting, links};
use super::{ChatFormat, Post};
use crate::core::text::{cut_units, units};
use crate::notify::render::{Card, Text, Tone};

pub(super) const DISCORD: ChatFormat =
    ChatFormat { name: "discord", max_members: 10, url_is_secret: true, post: Post::ToUrl(discord) };

/// Discord refuses more than this in a title, in a description, and in all embeds of a message; it counts UTF-16.
const TITLE_UNITS: usize = 256;
const DESCRIPTION_UNITS: usize = 4096;
const EMBEDS_UNITS: usize = 6000;
/// Discord refuses more embeds in a message.
const EMBEDS: usize = 10;

fn discord(text: &Text) -> Value {
    let mut room = EMBEDS_UNITS;
    let mut embeds = Vec::new();
    if text.is_digest() {
        // Reserve room for the longest footer, which says how many items are without details.
        let list = list(text, 0);
        room -= list.length();
        embeds.push(list);
    }
    let mut shown = 0;
    for card in &text.cards {
        let title = if text.is_digest() { &card.title } else { &text.subject };
        let Some(embed) = embed(card, title, text.is_digest(), room) else { break };
        if embeds.len() == EMBEDS {
            break;
        }
        room -= embed.length();
        embeds.push(embed);
        shown += 1;
    }
    if let Some(list) = embeds.first_mut().filter(|_| text.is_digest()) {
        list.footer = text.rest(shown);
    }
    let embeds: Vec<Value> = embeds.iter().map(Embed::json).collect();
    json!({"embeds": embeds, "allowed_mentions": {"parse": []}})
}

struct Embed {
    title: String,
    url: String,
    description: String,
    /// Shown as it is: Discord's footers have no Markdown.
    footer: String,
    tone: Tone,
}

impl Embed {
    fn length(&self) -> usize {
        units(&self.title) + units(&self.description) + units(&self.footer)
    }

    fn json(&self) -> Value {
        json!({
            "title": self.title,
            "url": self.url,
            "description": self.description,
            "footer": {"text": self.footer},
            "color": colour(self.tone),
        })
    }
}

/// The list of everything that the message tells of.
fn list(text: &Text, shown: usize) -> Embed {
    let summary = text.summary.iter().map(|paragraph| escaped(paragraph));
    let lines = summary.chain(text.items.iter().map(|item| item.line(&format!("`{}`", item.name), escaped)));
    Embed {
        title: cut_escaped(&text.subject, TITLE_UNITS, escaped),
        url: text.overview.clone().unwrap_or_default(),
        description: cut_units(&lines.collect::<Vec<_>>().join("\n"), DESCRIPTION_UNITS),
        footer: text.rest(shown),
        tone: text.tone,
    }
}

/// The details of one check; `None` if there is no room for them.
fn embed(card: &Card, title: &str, is_digest: bool, room: usize) -> Option<Embed> {
    let title = cut_escaped(title, TITLE_UNITS, escaped);
    let footer = card.small();
    let links: Vec<String> = links(card).map(|(name, url)| link(name, url)).collect();
    let links = links.join(" · ");
    let around = units(&title) + units(&footer);
    let room = room.checked_sub(around)?.min(DESCRIPTION_UNITS).checked_sub(units(&links))?;
    let said = fitting(card, is_digest, room, |line| units(&escaped(line)) + 1)?;
    let lines: Vec<String> = said.iter().map(|line| escaped(line)).chain([links]).collect();
    Some(Embed { title, url: card.page.clone(), description: lines.join("\n"), footer, tone: card.tone })
}

fn link(name: &str, url: &str) -> String {
    format!("[{name}]({})", url.replace(')', "%29"))
}

/// Puts a backslash before everything that has a meaning in Discord's Markdown. Mentions in embeds notify nobody;
/// `allowed_mentions` forbids them in any case.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if "\\*_~`|>[]()#<@".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// As 0xRRGGBB.
fn colour(tone: Tone) -> u32 {
    match tone {
        Tone::Bad => 0x00b3_261e,
        Tone::Unknown => 0x00d0_9000,
        Tone::Good => 0x001e_6b34,
    }
}
