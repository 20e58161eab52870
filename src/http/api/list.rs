//! `GET /api/v1/checks`: page by page, in the order of the names.

use hyper::StatusCode;
use serde::Serialize;

use super::asked::{ApiOutcome, Asked, in_json, make};
use super::check::{self, CheckJson, check_shape, status_shape};
use super::contract::Contract;
use super::query::{Query, bad};
use super::shape::{self, one_of, text};
use crate::app::view::Moment;
use crate::core::cause::Status;
use crate::core::check::{Definition, Source};
use crate::core::search::Search;
use crate::http::App;
use crate::http::problem::Problem;
use crate::store::live::Check;

/// A page.
#[derive(Serialize)]
struct Page {
    checks: Vec<CheckJson>,
    /// For `cursor`, to the page after this one; null if it is the last.
    next_cursor: Option<String>,
}

/// What is asked for.
struct Wanted {
    limit: usize,
    /// The name of the last check of the page before.
    cursor: String,
    group: Option<String>,
    labels: Vec<(String, String)>,
    search: Search,
    status: Option<Status>,
    /// Whether it was made through the API.
    api: Option<bool>,
}

impl Wanted {
    fn read(query: &Query<'_>) -> Result<Wanted, Problem> {
        Ok(Wanted {
            limit: query.limit()?,
            cursor: query.one("cursor")?.unwrap_or_default().to_owned(),
            group: query.all("group").next().map(str::to_owned),
            labels: query.labels()?,
            search: Search::parse(query.one("q")?.unwrap_or_default())
                .map_err(|error| bad(format!("`q`: {error}")))?,
            status: query.word("status", &Status::DECLARED, Status::as_str)?,
            api: query.word("source", &[false, true], |api| if api { "api" } else { "file" })?,
        })
    }

    fn is_met_by(&self, definition: &Definition) -> bool {
        let made_by_api = definition.source == Source::Api;
        self.api.is_none_or(|api| api == made_by_api)
            && self.group.as_ref().is_none_or(|group| **group == *definition.group)
            && self.labels.iter().all(|(name, value)| definition.label(name) == value)
    }

    /// A look may take a while: only where it is needed.
    fn is_met_as_it_stands(&self, look: &Moment<'_>, check: &Check) -> bool {
        if self.status.is_none() && self.search.is_empty() {
            return true;
        }
        let view = look.look(check).view;
        self.status.is_none_or(|status| status == view.status) && self.search.finds(&check.definition, &view)
    }
}

pub(super) fn contract() -> Contract {
    Contract::new(
        "listChecks",
        "Checks, in the order of their names",
        shape::page("Checks", "checks", check_shape()),
    )
    .paged()
    .takes("q", text(), "What one types on the first page: words and matchers.")
    .takes("group", text(), "Checks of this group.")
    .takes_labels()
    .takes("status", status_shape(), "Checks that are so now.")
    .takes("source", one_of(["file", "api"]), "Checks that were declared there.")
}

/// Answers the list.
pub(super) async fn answer(asked: &Asked<'_>) -> ApiOutcome {
    let query = asked.query(&["limit", "cursor", "q", "group", "label", "status", "source"])?;
    let wanted = Wanted::read(&query)?;
    make(asked, move |app| Ok(in_json(StatusCode::OK, &page(app, &wanted)))).await
}

fn page(app: &App, wanted: &Wanted) -> Page {
    let look = Moment::of(&app.services);
    let directory = app.services.live.directory();
    let is_met = |check: &&std::sync::Arc<Check>| {
        wanted.is_met_by(&check.definition) && wanted.is_met_as_it_stands(&look, check)
    };
    // One more than is shown says whether there is a page after it.
    let mut checks: Vec<_> =
        directory.checks.after(&wanted.cursor).filter(is_met).take(wanted.limit + 1).collect();
    let more = checks.len() > wanted.limit;
    checks.truncate(wanted.limit);
    let last = checks.last().map(|check| check.definition.name.to_string());
    Page {
        checks: checks.into_iter().map(|check| check::at(app, &look, check)).collect(),
        next_cursor: last.filter(|_| more),
    }
}
