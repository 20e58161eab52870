//! Which checks of the list are asked for: words and matchers, a status, a page.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::decode;
use super::words;
use crate::core::cause::Status;
use crate::core::check::Definition;
use crate::core::search::Search;
use crate::core::step::View;
use crate::core::text::shown;

/// The longest filter, in characters.
const MAX_FILTER: usize = 1000;

/// What is asked for.
#[derive(Default)]
pub(super) struct Filter {
    /// As it was typed.
    pub(super) text: String,
    search: Search,
    pub(super) status: Option<Status>,
    /// Counted from 1.
    pub(super) page: usize,
}

impl Filter {
    /// Or what was typed, and what is wrong with it, for people.
    pub(super) fn parse(query: Option<&str>) -> Result<Filter, (Filter, String)> {
        let [text, status, page] = decode::query_values(query, ["q", "status", "page"]);
        let text = shown(text.unwrap_or_default().trim(), MAX_FILTER);
        let mut filter = Filter { text, page: 1, ..Filter::default() };
        match Search::parse(&filter.text) {
            Ok(search) => filter.search = search,
            Err(error) => return Err((filter, error.to_string())),
        }
        if let Some(status) = status.filter(|status| !status.is_empty()) {
            filter.status = Status::DECLARED.into_iter().find(|known| known.as_str() == status);
            if filter.status.is_none() {
                let known = Status::DECLARED.map(Status::as_str).join(", ");
                return Err((filter, format!("there is no such status: there are {known}")));
            }
        }
        if let Some(page) = page.filter(|page| !page.is_empty()) {
            match page.parse() {
                Ok(number) if number > 0 => filter.page = number,
                _ => return Err((filter, "pages are counted from 1".to_owned())),
            }
        }
        Ok(filter)
    }

    /// Whether all checks are asked for.
    pub(super) fn is_all(&self) -> bool {
        self.search.is_empty() && self.status.is_none()
    }

    /// Whether its words find a check, of whatever status.
    pub(super) fn finds(&self, definition: &Definition, view: &View) -> bool {
        self.search.finds(definition, view)
    }

    /// The address of the same text with another status or page.
    pub(super) fn address(&self, status: Option<Status>, page: usize) -> String {
        let (status, page) = (status.map_or("", Status::as_str), page.to_string());
        let page = if page == "1" { "" } else { &page };
        let query = decode::query(&[("q", &self.text), ("status", status), ("page", page)]);
        if query.is_empty() { "./".to_owned() } else { format!("?{query}") }
    }

    /// How many there are of each status, each a link to them.
    pub(super) fn totals(&self, found: &BTreeMap<Status, usize>) -> Markup {
        let count = |status| found.get(&status).copied().unwrap_or(0);
        let counts = Status::DECLARED.map(|status| (status, count(status)));
        let is_of_use = |(status, count): &(Status, usize)| *count > 0 || self.status == Some(*status);
        html! {
            ul.totals aria-label="Checks by status" {
                li {
                    a href=(self.address(None, 1)) aria-current=[self.status.is_none().then_some("true")] {
                        b { (found.values().sum::<usize>()) } " all"
                    }
                }
                @for (status, count) in counts.into_iter().filter(is_of_use) {
                    li {
                        a href=(self.address(Some(status), 1)) aria-current=[(self.status == Some(status)).then_some("true")] {
                            b { (count) } " " (words::status(status))
                        }
                    }
                }
            }
        }
    }

    /// Where it is typed.
    pub(super) fn form(&self) -> Markup {
        html! {
            form role="search" {
                input type="search" name="q" value=(self.text) maxlength=(MAX_FILTER) placeholder="backup group=db team!=web"
                    aria-label="Filter checks: words or /regular expressions/ in name, title, group and labels, or matchers as group=db, team=~\"a|b\"";
                @if let Some(status) = self.status { input type="hidden" name="status" value=(status.as_str()); }
                button { "Filter" }
            }
        }
    }

    /// Links to the pages of a list that has more than one.
    pub(super) fn pages(&self, page: usize, pages: usize) -> Markup {
        html! {
            @if pages > 1 {
                nav.pages aria-label="Pages of the list" {
                    @if page > 1 { a href=(self.address(self.status, page - 1)) rel="prev" { "Previous" } }
                    span { "Page " (page) " of " (pages) }
                    @if page < pages { a href=(self.address(self.status, page + 1)) rel="next" { "Next" } }
                }
            }
        }
    }
}
