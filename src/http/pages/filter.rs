//! Which checks of the list are asked for: words and matchers, a status, a page.

use std::collections::BTreeMap;
use std::sync::Arc;

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
/// The longest name of a label, in characters.
const MAX_LABEL: usize = 100;

/// In which order those stand that are bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum BadOrder {
    /// The most severe first; of these those that have been so for longest.
    #[default]
    Severity,
    /// Those that have been so for longest first.
    Since,
}

impl BadOrder {
    const ALL: [BadOrder; 2] = [BadOrder::Severity, BadOrder::Since];

    fn as_str(self) -> &'static str {
        match self {
            BadOrder::Severity => "severity",
            BadOrder::Since => "since",
        }
    }
}

/// The order of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sorting {
    pub(super) order: BadOrder,
    /// The label that the others are in sections by; empty: their group.
    label: String,
}

impl Sorting {
    /// Or what is wrong with it, for people.
    fn parse(order: Option<&str>, label: Option<&str>) -> Result<Sorting, String> {
        let label = shown(label.unwrap_or_default().trim(), MAX_LABEL);
        let label = if label == "group" { String::new() } else { label };
        let order = match order.filter(|order| !order.is_empty()) {
            None => BadOrder::default(),
            Some(order) => BadOrder::ALL
                .into_iter()
                .find(|known| known.as_str() == order)
                .ok_or("there is no such order: there are severity, since")?,
        };
        Ok(Sorting { order, label })
    }

    /// What a check's section is called; empty: it is in none.
    pub(super) fn section<'d>(&self, definition: &'d Definition) -> &'d str {
        if self.label.is_empty() { &definition.group } else { definition.label(&self.label) }
    }

    /// The label that sections are by.
    pub(super) fn label(&self) -> &str {
        if self.label.is_empty() { "group" } else { &self.label }
    }

    fn with_order(&self, order: BadOrder) -> Sorting {
        Sorting { order, ..self.clone() }
    }

    fn with_label(&self, label: &str) -> Sorting {
        Sorting { label: label.to_owned(), ..self.clone() }
    }
}

/// What is asked for.
#[derive(Default)]
pub(super) struct Filter {
    /// As it was typed.
    pub(super) text: String,
    search: Search,
    pub(super) status: Option<Status>,
    pub(super) sorting: Arc<Sorting>,
    /// Counted from 1.
    pub(super) page: usize,
}

impl Filter {
    /// Or what was typed, and what is wrong with it, for people.
    pub(super) fn parse(query: Option<&str>) -> Result<Filter, (Filter, String)> {
        let [text, status, page, order, sections] =
            decode::query_values(query, ["q", "status", "page", "sort", "sections"]);
        let text = shown(text.unwrap_or_default().trim(), MAX_FILTER);
        let mut filter = Filter { text, page: 1, ..Filter::default() };
        match Sorting::parse(order.as_deref(), sections.as_deref()) {
            Ok(sorting) => filter.sorting = Arc::new(sorting),
            Err(why) => return Err((filter, why)),
        }
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
        self.address_in(&self.sorting, status, page)
    }

    fn address_in(&self, sorting: &Sorting, status: Option<Status>, page: usize) -> String {
        let (status, page) = (status.map_or("", Status::as_str), page.to_string());
        let page = if page == "1" { "" } else { &page };
        let order = if sorting.order == BadOrder::default() { "" } else { sorting.order.as_str() };
        let query = [
            ("q", &*self.text),
            ("status", status),
            ("sort", order),
            ("sections", &sorting.label),
            ("page", page),
        ];
        let query = decode::query(&query);
        if query.is_empty() { "./".to_owned() } else { format!("?{query}") }
    }

    /// Links to the same in other orders.
    pub(super) fn orders(&self) -> Markup {
        let link = |sorting: &Sorting, words: &str| {
            let is_current = *sorting == *self.sorting;
            html! { a href=(self.address_in(sorting, self.status, 1)) aria-current=[is_current.then_some("true")] { (words) } " " }
        };
        let sorting = &*self.sorting;
        html! {
            p.small.orders {
                "Bad ones by "
                @for order in BadOrder::ALL { (link(&sorting.with_order(order), order.as_str())) }
                "· the others in sections by "
                (link(&sorting.with_label(""), "group"))
                (link(&sorting.with_label("team"), "team"))
                @if !["group", "team"].contains(&sorting.label()) { (link(sorting, sorting.label())) }
            }
        }
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
                @if self.sorting.order != BadOrder::default() { input type="hidden" name="sort" value=(self.sorting.order.as_str()); }
                @if !self.sorting.label.is_empty() { input type="hidden" name="sections" value=(self.sorting.label); }
                button { "Filter" }
            }
        }
    }
}
