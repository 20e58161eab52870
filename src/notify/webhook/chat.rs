//! Messages in the forms of chats and of ntfy: within their limits, with their markup escaped, mentioning nobody.

use serde_json::{Value, json};

use crate::core::secret::Secret;
use crate::notify::render::{Card, Text, Tone, labelled};
use crate::notify::text::cut;

/// Slack folds a section of more than 3,000 characters away.
const SLACK_SECTION_CHARS: usize = 3000;
/// Discord refuses more than this in a title, in a description, and in all embeds of a message.
const DISCORD_TITLE_CHARS: usize = 256;
const DISCORD_DESCRIPTION_CHARS: usize = 4096;
const DISCORD_EMBEDS_CHARS: usize = 6000;
/// Discord refuses more embeds in a message.
const DISCORD_EMBEDS: usize = 10;
/// Teams refuses a message of more than 28 KB; so much is left for the texts and the JSON of their lines.
const TEAMS_BYTES: usize = 24_000;
const TEAMS_LINE_BYTES: usize = 120;
/// ntfy makes a file of a message of more than 4,096 bytes.
const NTFY_BYTES: usize = 4096;

/// Slack's incoming webhook. Mattermost and Rocket.Chat read `text` alone, so it holds everything as well.
pub(super) fn slack(text: &Text) -> Value {
    let is_digest = text.overview.is_some();
    let mut lines = vec![format!("*{}*", slack_escaped(&text.headline))];
    lines.extend(text.overview.as_ref().map(|url| slack_link(url, "All checks")));
    lines.extend(text.summary.iter().map(|paragraph| slack_escaped(paragraph)));
    for card in &text.cards {
        if is_digest {
            lines.push(format!("\n*{}*", slack_escaped(&card.title)));
        }
        lines.extend(said(card).map(|line| slack_escaped(&line)));
        let links = card.runbook.iter().map(|url| slack_link(url, "Runbook"));
        let links: Vec<String> = links.chain([slack_link(&card.page, "Page")]).collect();
        lines.push(links.join(" · "));
    }
    lines.extend(text.rest.iter().map(|line| slack_escaped(line)));
    let whole = fitting(&lines, SLACK_SECTION_CHARS, |line| line.chars().count());
    json!({
        "text": whole,
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": whole, "verbatim": true}}],
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// `&`, `<` and `>` are all that Slack gives a meaning (links, mentions). `@` is for Mattermost, where `@all` mentions
/// wherever it stands: an invisible character after it takes the meaning away.
fn slack_escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{200b}")
}

/// A link in angle brackets; `|` would end its address.
fn slack_link(url: &str, name: &str) -> String {
    format!("<{}|{name}>", url.replace('&', "&amp;").replace('|', "%7C"))
}

/// Discord's webhook: an embed for each check.
pub(super) fn discord(text: &Text) -> Value {
    let mut embeds = Vec::new();
    let preamble = text.overview.iter().map(|url| format!("[All checks]({url})"));
    let summary = text.summary.iter().map(|paragraph| discord_escaped(paragraph));
    let preamble: Vec<String> = preamble.chain(summary).collect();
    let mut room = DISCORD_EMBEDS_CHARS;
    if !preamble.is_empty() {
        room -= 1000;
        embeds.push(json!({
            "title": cut(&discord_escaped(&text.headline), DISCORD_TITLE_CHARS),
            "description": cut(&preamble.join("\n"), 700),
            "color": colour(text.tone),
        }));
    }
    for card in &text.cards {
        let title = if text.overview.is_some() { &card.title } else { &text.headline };
        let embed = discord_card(card, title);
        let length = embed.title.chars().count() + embed.description.chars().count();
        if length > room || embeds.len() == DISCORD_EMBEDS {
            break;
        }
        room -= length;
        let colour = colour(card.tone);
        embeds.push(json!({
            "title": embed.title, "description": embed.description, "url": card.page, "color": colour,
        }));
    }
    json!({"embeds": embeds, "allowed_mentions": {"parse": []}})
}

struct Embed {
    title: String,
    description: String,
}

fn discord_card(card: &Card, title: &str) -> Embed {
    let links = card.runbook.iter().map(|url| format!("[Runbook]({})", url.replace(')', "%29")));
    let lines: Vec<String> = said(card).map(|line| discord_escaped(&line)).chain(links).collect();
    Embed {
        title: cut(&discord_escaped(title), DISCORD_TITLE_CHARS),
        description: fitting(&lines, DISCORD_DESCRIPTION_CHARS, |line| line.chars().count()),
    }
}

/// A backslash before all that Discord's Markdown gives a meaning. Mentions in embeds notify nobody; `allowed_mentions`
/// says so once more.
fn discord_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if "\\*_~`|>[]()#<@".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Teams' workflow webhook: an adaptive card. Texts stand in runs, which know no Markdown.
pub(super) fn teams(text: &Text) -> Value {
    let mut body = vec![teams_paragraph(&text.headline, true, tone_style(text.tone))];
    let mut room = TEAMS_BYTES;
    let mut push = |line: &str, is_bold: bool, style: &str| {
        let length = line.len() + TEAMS_LINE_BYTES;
        if length <= room {
            room -= length;
            body.push(teams_paragraph(line, is_bold, style));
        }
    };
    for paragraph in &text.summary {
        push(paragraph, false, "default");
    }
    for card in &text.cards {
        if text.overview.is_some() {
            push(&card.title, true, tone_style(card.tone));
        }
        for line in said(card) {
            push(&line, false, "default");
        }
    }
    for line in &text.rest {
        push(line, false, "default");
    }
    let links = text.overview.iter().map(|url| ("All checks", url));
    let single = text.cards.iter().filter(|_| text.overview.is_none());
    let of_card =
        single.flat_map(|card| card.runbook.iter().map(|url| ("Runbook", url)).chain([("Page", &card.page)]));
    let actions: Vec<Value> = links
        .chain(of_card)
        .map(|(title, url)| json!({"type": "Action.OpenUrl", "title": title, "url": url}))
        .collect();
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

fn teams_paragraph(line: &str, is_bold: bool, colour: &str) -> Value {
    let weight = if is_bold { "bolder" } else { "default" };
    json!({
        "type": "RichTextBlock",
        "inlines": [{"type": "TextRun", "text": line, "weight": weight, "color": colour}],
    })
}

fn tone_style(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "attention",
        Tone::Unknown => "warning",
        Tone::Good => "good",
    }
}

/// ntfy publishes JSON at its root, with the topic inside; people write the topic's URL.
pub(super) fn ntfy_address(url: &Secret) -> (Secret, String) {
    let url = url.expose();
    match url.trim_end_matches('/').rsplit_once('/') {
        Some((root, topic)) if !root.ends_with('/') => (Secret::new(format!("{root}/")), topic.to_owned()),
        _ => (Secret::new(url), String::new()),
    }
}

/// ntfy's JSON.
pub(super) fn ntfy(text: &Text, topic: &str) -> Value {
    let (priority, tag) = match text.tone {
        Tone::Bad => (4, "rotating_light"),
        Tone::Unknown => (4, "question"),
        Tone::Good => (3, "white_check_mark"),
    };
    let click = text.overview.as_ref().or(text.cards.first().map(|card| &card.page));
    let plain = text.plain();
    let lines: Vec<String> = plain.trim_end().lines().map(str::to_owned).collect();
    json!({
        "topic": topic,
        "title": cut(&text.headline, 200),
        "message": fitting(&lines, NTFY_BYTES, str::len),
        "priority": priority,
        "tags": [tag],
        "click": click,
    })
}

/// All that a card says, but for its title and links.
fn said(card: &Card) -> impl Iterator<Item = String> {
    let lines = card.lines.iter().map(|(label, text)| labelled(label, text));
    [card.status.clone()].into_iter().chain(lines)
}

/// The lines that fit, and a last one that says so if some did not: markup is never cut in two.
fn fitting(lines: &[String], max: usize, length: fn(&str) -> usize) -> String {
    const MORE: &str = "… (shortened)";
    let mut room = max - length(MORE) - 1;
    let mut kept: Vec<&str> = Vec::new();
    for line in lines {
        let needed = length(line) + 1;
        if needed <= room {
            room -= needed;
            kept.push(line);
        }
    }
    if kept.len() < lines.len() {
        kept.push(MORE);
    }
    kept.join("\n")
}

/// As 0xRRGGBB.
fn colour(tone: Tone) -> u32 {
    match tone {
        Tone::Bad => 0x00b3_261e,
        Tone::Unknown => 0x00d0_9000,
        Tone::Good => 0x001e_6b34,
    }
}
