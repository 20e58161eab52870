//! The message as an HTML document for mail programs. Styles are inline, since many programs support no others.

use maud::{DOCTYPE, Markup, html};

use super::{Card, Item, Text, Tone};

impl Text {
    pub fn html(&self) -> String {
        let page: Markup = html! {
            (DOCTYPE)
            html {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.subject) }
                }
                body style="font-family: sans-serif; font-size: 15px; line-height: 1.4; color: #1b1b1b" {
                    @if let Some(paragraph) = &self.summary {
                        p { (paragraph) }
                    }
                    @if self.is_digest() {
                        ul style="padding-left: 20px; margin: 0 0 20px" {
                            @for item in &self.items { (item.html()) }
                        }
                    }
                    @for card in &self.cards {
                        (card.html())
                    }
                    @if let Some(url) = &self.acknowledge {
                        p { a href=(url) style="font-weight: bold" { (self.acknowledge_words()) } }
                    }
                    @if let Some(url) = &self.overview {
                        p { a href=(url) { (self.rest(self.cards.len())) } }
                    }
                }
            }
        };
        page.into_string()
    }
}

impl Item {
    fn html(&self) -> Markup {
        html! {
            li {
                b style={ "color: " (colour(self.tone)) } { (self.word) }
                " · " a href=(self.page) { (self.name) }
                @if !self.title.is_empty() { " · " span dir="auto" { (self.title) } }
                " · " (self.why)
                @if !self.severity.is_empty() { " · " (self.severity) }
            }
        }
    }
}

impl Card {
    fn html(&self) -> Markup {
        let colour = colour(self.tone);
        html! {
            div style={ "border-left: 4px solid " (colour) "; padding-left: 12px; margin: 0 0 20px" } {
                h2 dir="auto" style="font-size: 18px; margin: 0" { (self.title) }
                p style={ "margin: 4px 0; font-weight: bold; color: " (colour) } { (self.status) }
                table style="border-spacing: 0" {
                    @for line in &self.lines {
                        tr {
                            td style="padding: 1px 12px 1px 0; color: #5f5f5f; vertical-align: top" { (line.label) }
                            td dir="auto" style="padding: 1px 0" {
                                @for (i, part) in line.text.lines().enumerate() {
                                    @if i > 0 { br; }
                                    (part)
                                }
                            }
                        }
                    }
                }
                p style="margin: 6px 0" {
                    @if let Some(url) = &self.runbook {
                        a href=(url) { "Runbook" } " · "
                    }
                    a href=(self.page) { "Page" }
                }
                p style="margin: 6px 0; font-size: 12px; color: #5f5f5f" { (self.small()) }
            }
        }
    }
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "#b3261e",
        Tone::Unknown => "#8a5a00",
        Tone::Good => "#1e6b34",
    }
}
