//! The labels of the checks of a scrape, escaped once for all their families.

use super::encode::push_label;
use crate::core::check::{Definition, Source};
use crate::core::schedule::{Expect, Schedule};

/// What the samples of a check say of it, whichever family they are of. To keep it from one scrape to the next would save a
/// tenth of their time, and take a tenth of all memory.
#[derive(Debug, Default)]
pub struct Catalog {
    labels: Texts,
    info: Texts,
}

impl Catalog {
    /// Builds the labels of these checks. A check's number is its position in this order.
    pub fn new<'a>(definitions: impl IntoIterator<Item = &'a Definition>) -> Catalog {
        let mut catalog = Catalog::default();
        for definition in definitions {
            let labels = catalog.labels.start();
            push_label(labels, "check", definition.name.as_str());
            push_label(labels, "group", &definition.group);
            for (name, value) in definition.labels.iter() {
                push_label(labels, name, value);
            }
            catalog.labels.end();
            push_info(catalog.info.start(), definition);
            catalog.info.end();
        }
        catalog
    }

    /// `check="…",group="…",…` of a check.
    #[inline]
    pub(super) fn labels(&self, check: u32) -> &[u8] {
        self.labels.get(check)
    }

    /// The labels that only the info metric of a check has: `title="…",schedule="…",…`
    #[inline]
    pub(super) fn info(&self, check: u32) -> &[u8] {
        self.info.get(check)
    }
}

fn push_info(text: &mut Vec<u8>, definition: &Definition) {
    let (schedule, zone) = schedule_text(&definition.spec.schedule);
    // Without the line number: a comment added above a check would make a new series of every check below it.
    let source = match &definition.source {
        Source::File { path, .. } => path,
        Source::Api => "api",
    };
    push_label(text, "title", &definition.title);
    push_label(text, "schedule", &schedule);
    push_label(text, "timezone", zone);
    push_label(text, "source", source);
    push_label(text, "runbook_url", &definition.runbook_url);
}

/// The schedule as declared (`every 5m`; `0 2 * * *` with its zone), including what is expected.
fn schedule_text(schedule: &Schedule) -> (String, &'static str) {
    match schedule {
        Schedule::Every(period) => (format!("every {period}"), ""),
        Schedule::Periods(periods) => (periods.text().to_owned(), "UTC"),
        Schedule::At(at) => (at.cron.as_str().to_owned(), at.zone.name()),
        Schedule::CountedAt(at, expect) => {
            (format!("{}, {}", at.cron.as_str(), expect_text(expect)), at.zone.name())
        }
        Schedule::Counted(expect) => (expect_text(expect), ""),
        Schedule::Unscheduled => (String::new(), ""),
    }
}

fn expect_text(expect: &Expect) -> String {
    let within = expect.within;
    match (expect.at_least, expect.at_most) {
        (Some(least), Some(most)) => format!("{least} to {most} within {within}"),
        (Some(least), None) => format!("at least {least} within {within}"),
        (None, Some(most)) => format!("at most {most} within {within}"),
        (None, None) => format!("any number within {within}"),
    }
}

/// Texts stored back to back in one buffer: a scrape reads all of them in order, once per family.
#[derive(Debug, Default)]
struct Texts {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// The buffer, to append the next text to.
    fn start(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Ends the text, and removes the comma after its last label.
    fn end(&mut self) {
        let end = self.text.pop();
        assert!(end.is_none_or(|byte| byte == b','), "labels end in a comma");
        self.ends.push(self.text.len());
    }

    #[inline]
    fn get(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }
}
