//! Making, changing and deleting checks that live in the database.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use serde_json::{Map, Value, json};

use super::asked::{ApiOutcome, Asked, no_such_check};
use super::check::{Declared, check_shape, show};
use super::contract::Contract;
use super::query::bad;
use super::shape;
use super::tag::Wanted;
use crate::app::NotDone;
use crate::app::describe::{describe, faults_of};
use crate::app::edit::{self, EditNotDone};
use crate::config::{Described, DescribedError, DescribedFault, words_of};
use crate::core::check::{Definition, Name};
use crate::http::problem::Problem;
use crate::http::reply;
use crate::store::command::CheckChange;
use crate::store::live::Check;
use crate::store::{EditError, NewCheck, SpecChange};

pub(super) fn contract_of_create() -> Contract {
    let contract = Contract::new("createCheck", "Make a check", check_shape());
    contract.makes().has_versions().must_say(shape::asked_definition()).refuses(&[409, 422])
}

pub(super) fn contract_of_replace() -> Contract {
    let contract = Contract::new("replaceCheck", "Say anew what a check is", check_shape());
    contract.must_say(shape::asked_definition()).has_versions().refuses(&[409, 422])
}

pub(super) fn contract_of_amend() -> Contract {
    let contract =
        Contract::new("amendCheck", "Change some keys of a check: a JSON Merge Patch", check_shape());
    contract.must_say(json!({"type": "object"})).has_versions().refuses(&[409, 422])
}

pub(super) fn contract_of_delete() -> Contract {
    Contract::of_nothing("deleteCheck", "Delete a check").has_versions().refuses(&[409])
}

/// `POST /api/v1/checks`
pub(super) async fn create(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let body = body.to_vec();
    let Described { definition, paused } =
        asked.aside(move |app| describe(&app.services, &body, None)).await?.map_err(not_right)?;
    let name = definition.name.clone();
    let new = NewCheck { definition, paused: paused.unwrap_or(false), past: None };
    edit::create(&asked.app().services, &asked.actor(None), new).await.map_err(refused)?;
    let mut reply = shown(asked, &name, StatusCode::CREATED).await?;
    let location = HeaderValue::from_str(&format!("{}/api/v1/checks/{name}", asked.app().external_url));
    reply.headers_mut().extend(location.ok().map(|location| (LOCATION, location)));
    Ok(reply)
}

/// `PUT /api/v1/checks/{name}`: the check is what the body says, and nothing is left of what it was.
pub(super) async fn replace(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    update(asked, |_| body.to_vec()).await
}

/// `PATCH /api/v1/checks/{name}`: a JSON Merge Patch (RFC 7396) over its definition.
pub(super) async fn amend(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let patch: Value =
        serde_json::from_slice(body).map_err(|error| bad(format!("this is not JSON: {error}")))?;
    let Value::Object(patch) = patch else {
        return Err(bad("a change is a JSON object with the keys that change; null takes a key away"));
    };
    let patched = |definition: &Definition| {
        let mut words = words_of(definition).into_object();
        merge(&mut words, patch.clone());
        Value::Object(words).to_string().into_bytes()
    };
    update(asked, patched).await
}

/// `DELETE /api/v1/checks/{name}`
pub(super) async fn delete(asked: &Asked<'_>) -> ApiOutcome {
    asked.query(&[])?;
    let wanted = Wanted::of(&asked.visit.parts.headers);
    let found = || Ok(wanted.admits(asked.check()?)?);
    let deleted = edit::delete(&asked.app().services, &asked.actor(None), found).await;
    deleted.map_err(UpdateProblem::problem)?;
    Ok(reply::text(StatusCode::NO_CONTENT, ""))
}

/// Changes the check of the path into what is described, which may depend on what it is now.
async fn update(asked: &Asked<'_>, said: impl Fn(&Definition) -> Vec<u8>) -> ApiOutcome {
    let wanted = Wanted::of(&asked.visit.parts.headers);
    let found = || Ok(wanted.admits(asked.check()?)?);
    let described = |check: Arc<Check>| {
        let description = said(&check.definition);
        async move {
            let (before, now) = (check.definition.clone(), check.definition.clone());
            let described = asked.aside(move |app| describe(&app.services, &description, Some(&now)));
            let definition = described.await?.map_err(not_right)?.definition;
            Ok(CheckChange { check: check.id, before, definition, how: SpecChange::Judged })
        }
    };
    let changed = edit::change(&asked.app().services, &asked.actor(None), found, described).await;
    let changed = changed.map_err(UpdateProblem::problem)?;
    shown(asked, &changed.definition.name, StatusCode::OK).await
}

/// Why a check is not changed.
enum UpdateProblem {
    Known(Problem),
    NotDone(EditNotDone),
}

impl UpdateProblem {
    fn problem(self) -> Problem {
        match self {
            UpdateProblem::Known(problem) => problem,
            UpdateProblem::NotDone(why) => refused(why),
        }
    }
}

impl From<Problem> for UpdateProblem {
    fn from(problem: Problem) -> UpdateProblem {
        UpdateProblem::Known(problem)
    }
}

impl From<EditNotDone> for UpdateProblem {
    fn from(why: EditNotDone) -> UpdateProblem {
        UpdateProblem::NotDone(why)
    }
}

fn in_file(declared: &Declared) -> Problem {
    let Declared { file, line } = declared;
    let detail = format!(
        "this check is declared in {file}:{line}: change it there and reload; only pausing and unpausing work from here"
    );
    Problem::new(StatusCode::CONFLICT, detail).with("declared", json!({"file": file, "line": line}))
}

async fn shown(asked: &Asked<'_>, name: &Name, status: StatusCode) -> ApiOutcome {
    // Somebody else may have deleted it by now.
    let check = asked.app().services.live.find(name.as_str()).ok_or_else(no_such_check)?;
    show(asked, check, status).await
}

fn refused(why: EditNotDone) -> Problem {
    let of_keys = faults_of(&why);
    match why {
        _ if !of_keys.is_empty() => faults(&of_keys, 0),
        EditNotDone::Refused(EditError::Store(error)) => NotDone::Store(error).into(),
        EditNotDone::Refused(error) => not_edited(&error),
        EditNotDone::Busy(busy) => NotDone::Busy(busy).into(),
        EditNotDone::KnownElsewhere { .. } | EditNotDone::Contended => {
            Problem::new(StatusCode::CONFLICT, why.to_string())
        }
    }
}

fn not_edited(error: &EditError) -> Problem {
    let conflict = |detail: String| Problem::new(StatusCode::CONFLICT, detail);
    match error {
        EditError::NameTaken(name) => {
            conflict(format!("{error}: choose another `name`, or change that one at /api/v1/checks/{name}"))
        }
        EditError::SlugTaken
        | EditError::BadId(_)
        | EditError::UnknownDependency(_)
        | EditError::DependencyCircle(_) => conflict(error.to_string()),
        EditError::TooMany { .. } => {
            conflict(format!("{error}: delete some, or allow more in the configuration"))
        }
        EditError::NoSuchCheck => no_such_check(),
        EditError::DeclaredInFile { path, line } => in_file(&Declared { file: path.clone(), line: *line }),
        EditError::Store(error) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    }
}

fn not_right(error: DescribedError) -> Problem {
    match error {
        DescribedError::NotJson(_) => {
            bad(format!("{error}; a check is an object with the keys of `checks:`"))
        }
        DescribedError::Faults { list, omitted } => faults(&list, omitted),
    }
}

/// The first fault in the detail, and all of them, each with its place.
fn faults(list: &[DescribedFault], omitted: usize) -> Problem {
    let more = match list.len() + omitted {
        0 | 1 => String::new(),
        count => format!(" (and {} more, see `errors`)", count - 1),
    };
    let detail = list.first().map_or("", |first| &first.message);
    let errors: Vec<Value> =
        list.iter().map(|fault| json!({"pointer": fault.pointer, "detail": fault.message})).collect();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{detail}{more}"))
        .with("errors", errors.into())
        .with("errors_omitted", omitted.into())
}

/// RFC 7396
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, change) in patch {
        match change {
            Value::Null => {
                target.remove(&key);
            }
            Value::Object(change) => {
                let below = target.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if !below.is_object() {
                    *below = Value::Object(Map::new());
                }
                if let Value::Object(below) = below {
                    merge(below, change);
                }
            }
            value => {
                target.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of RFC 7396, appendix A, that change an object.
    #[test]
    fn a_merge_patch_changes_what_it_names_and_null_takes_away() {
        let check = |target: Value, patch: Value, expected: Value| {
            let (Value::Object(mut target), Value::Object(patch)) = (target, patch) else {
                panic!("both are objects")
            };
            merge(&mut target, patch);
            assert_eq!(Value::Object(target), expected);
        };
        check(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}));
        check(json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"}));
        check(json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"}));
        check(json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"}));
        check(json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}}));
        check(json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]}));
        check(json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1}));
        check(json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}}));
        check(json!({"a": "b"}), json!({"a": {"b": "c"}}), json!({"a": {"b": "c"}}));
    }
}
