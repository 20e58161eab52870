//! A message as plain text.

use super::{Card, Item, Text};

impl Text {
    /// The message as plain text. Lines end with `\n`.
    pub fn plain(&self) -> String {
        let mut blocks: Vec<String> = self.summary.clone().into_iter().collect();
        if self.is_digest() {
            blocks.push(self.items.iter().map(Item::plain).collect::<Vec<_>>().join("\n"));
        }
        let lines = |card: &Card| {
            let title = self.is_digest().then(|| card.title.clone());
            title.into_iter().chain(card.said(usize::MAX)).chain(card.links()).chain([card.small()])
        };
        blocks.extend(self.cards.iter().map(|card| lines(card).collect::<Vec<_>>().join("\n")));
        blocks.extend(self.overview.as_ref().map(|url| format!("{}: {url}", self.rest(self.cards.len()))));
        blocks.extend(self.acknowledge.as_ref().map(|url| format!("{}: {url}", self.acknowledge_words())));
        blocks.join("\n\n") + "\n"
    }
}
