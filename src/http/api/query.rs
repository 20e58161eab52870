//! What a query asks for: known parameters alone, so that a misspelt one does not go unnoticed.

use std::borrow::Cow;

use hyper::StatusCode;

use crate::app::history::PageAsked;
use crate::core::text::shown;
use crate::core::time::Time;
use crate::http::decode;
use crate::http::problem::Problem;
use crate::store::history::MAX_PAGE;

/// Items of a page where nothing else was asked for.
pub(super) const DEFAULT_LIMIT: usize = 100;

/// A query's parameters, in their order.
#[derive(Debug)]
pub(super) struct Query<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Query<'q> {
    /// Takes a query with these parameters and no others.
    pub(super) fn read(query: Option<&'q str>, known: &[&str]) -> Result<Query<'q>, Problem> {
        let pairs: Vec<_> = decode::query_pairs(query).collect();
        match pairs.iter().find(|(name, _)| !known.contains(&&**name)) {
            Some((name, _)) => {
                let name = shown(name, 60);
                let known = match known {
                    [] => "none".to_owned(),
                    _ => known.join(", "),
                };
                Err(bad(format!("there is no parameter `{name}` here: there is {known}")))
            }
            None => Ok(Query(pairs)),
        }
    }

    /// The parameter's only value, if it is there and not empty.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(bad(format!("`{name}` is there more than once: give it once"))),
            None => Ok(first.filter(|value| !value.is_empty())),
        }
    }

    /// All values of a parameter.
    pub(super) fn all<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Of each `label`, which may be repeated, the name and the value.
    pub(super) fn labels(&self) -> Result<Vec<(String, String)>, Problem> {
        let label = |text: &str| {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                bad("`label` is a name and a value, as in label=team=dba; it may be repeated")
            })?;
            Ok((name.to_owned(), value.to_owned()))
        };
        self.all("label").map(label).collect()
    }

    fn cursor(&self) -> Result<Option<u64>, Problem> {
        let cursor = self.one("cursor")?.map(str::parse).transpose();
        cursor.map_err(|_| bad("`cursor` is the `next_cursor` of the page before"))
    }

    /// `limit` and `cursor`, where that is the number of an item.
    pub(super) fn page(&self) -> Result<PageAsked, Problem> {
        Ok(PageAsked { limit: self.limit()?, before: self.cursor()? })
    }

    /// A time.
    pub(super) fn time(&self, name: &str) -> Result<Option<Time>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        decode::time(text).map(Some).map_err(|why| bad(format!("`{name}`: {why}")))
    }

    /// `limit`: how many items a page has.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.one("limit")? else { return Ok(DEFAULT_LIMIT) };
        let limit = text.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
        limit.ok_or_else(|| bad(format!("`limit` is a number from 1 to {MAX_PAGE}")))
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(
        &self,
        name: &str,
        words: &[T],
        text: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.one(name)? else { return Ok(None) };
        match words.iter().find(|word| text(**word) == value) {
            Some(word) => Ok(Some(*word)),
            None => {
                let all: Vec<&str> = words.iter().map(|word| text(*word)).collect();
                Err(bad(format!("`{name}` is one of {}", all.join(", "))))
            }
        }
    }
}

/// What was asked for cannot be understood.
pub(super) fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
