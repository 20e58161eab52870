//! Making, changing and deleting checks that live in the database.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use serde_json::{Map, Value, json};

use super::asked::{ApiOutcome, Asked, no_such_check};
use super::check::{Declared, show};
use super::problems::{not_stored, too_busy};
use super::query::bad;
use crate::app::{Bug, MAX_WAITING_CHANGES, Room};
use crate::config::{Described, DescribedError, DescribedFault, read_check, words_of};
use crate::core::check::{Definition, Name};
use crate::core::time::Time;
use crate::http::problem::Problem;
use crate::http::{App, reply};
use crate::store::live::Check;
use crate::store::{Edit, EditError, NewCheck, SpecChange, Store};

/// `POST /api/v1/checks`
pub(super) async fn create(asked: &Asked<'_>, body: &[u8]) -> ApiOutcome {
    asked.query(&[])?;
    let body = body.to_vec();
    let Described { definition, paused } =
        aside(asked, move |_| read_check(&body, None)).await?.map_err(not_right)?;
    check_mail(asked.app(), &definition, &[])?;
    let name = definition.name.clone();
    let new = NewCheck { definition, paused: paused.unwrap_or(false), past: None };
    on_store(asked.app(), move |store, now| store.edit(Edit::Create(Box::new(new)), now)).await?;
    asked.log(name.as_str(), "created");
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
    let check = changeable(asked)?;
    let edit = Edit::Delete { check: check.id };
    on_store(asked.app(), move |store, now| store.edit(edit, now)).await?;
    asked.log(check.definition.name.as_str(), "deleted");
    Ok(reply::text(StatusCode::NO_CONTENT, ""))
}

/// Changes the check of the path into what is described, which may depend on what it is now: where it has become another
/// one meanwhile, by somebody else, it is described anew, so that no change undoes another.
async fn update(asked: &Asked<'_>, describe: impl Fn(&Definition) -> Vec<u8>) -> ApiOutcome {
    for _ in 0..MAX_TRIES {
        let check = changeable(asked)?;
        let (before, description) = (check.definition.clone(), describe(&check.definition));
        let definition = aside(asked, move |app| described(app, &before, &description)).await??;
        let name = definition.name.clone();
        if change_unless_changed(asked.app(), check.clone(), definition).await? {
            asked.log(check.definition.name.as_str(), "changed");
            return shown(asked, &name, StatusCode::OK).await;
        }
    }
    let detail = "others change this check all the time, and nothing was changed for you: try again";
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

/// Of changes that wait for the writer together, one is made whenever all are tried: so often, each has its turn.
const MAX_TRIES: usize = MAX_WAITING_CHANGES;

fn described(app: &App, before: &Definition, description: &[u8]) -> Result<Definition, Problem> {
    let described = read_check(description, Some(&before.name)).map_err(not_right)?;
    if described.paused.is_some() {
        let message =
            "a check that is there is paused by POST /api/v1/checks/NAME/pause, and unpaused by …/unpause";
        return Err(faults(&[fault("/paused", message)], 0));
    }
    check_mail(app, &described.definition, &before.emails)?;
    check_canary(&described.definition, before)?;
    Ok(described.definition)
}

/// False if the check is no longer what it was: then nothing is stored.
async fn change_unless_changed(app: &App, before: Arc<Check>, new: Definition) -> Result<bool, Problem> {
    on_store(app, move |store, now| {
        let known = store.live().find(before.definition.name.as_str());
        let is_as_before =
            known.is_some_and(|known| known.id == before.id && known.definition == before.definition);
        if is_as_before {
            let edit = Edit::Update { check: before.id, definition: Box::new(new), how: SpecChange::Judged };
            store.edit(edit, now)?;
        }
        Ok(is_as_before)
    })
    .await
}

/// A file's rule: new addresses need a mail server.
fn check_mail(app: &App, definition: &Definition, before: &[String]) -> Result<(), Problem> {
    let emails = &definition.emails;
    match emails.is_empty() || emails == before || app.services.in_force.audience().can_mail {
        true => Ok(()),
        false => {
            let message = "mail needs the section `smtp`, which is missing in the configuration";
            Err(faults(&[fault("/emails", message)], 0))
        }
    }
}

/// The names of a canary go together in the way of its system, and its users look it up by them.
fn check_canary(definition: &Definition, before: &Definition) -> Result<(), Problem> {
    let Some(canary) = &before.alias else { return Ok(()) };
    let message = format!(
        "users of `{}` know it by its name: rename it there, with the id `{}`",
        canary.origin.as_str(),
        canary.id
    );
    let name = (definition.name != before.name).then_some("/name");
    let title = (definition.title != before.title).then_some("/title");
    let list: Vec<DescribedFault> =
        name.into_iter().chain(title).map(|pointer| fault(pointer, &message)).collect();
    if list.is_empty() { Ok(()) } else { Err(faults(&list, 0)) }
}

/// The check of the path, if no file declares it.
fn changeable(asked: &Asked<'_>) -> Result<Arc<Check>, Problem> {
    let check = asked.check()?;
    match Declared::of(&check.definition.source) {
        Some(declared) => Err(in_file(&declared)),
        None => Ok(check),
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

/// What a client describes may take a while to read.
async fn aside<T: Send + 'static>(
    asked: &Asked<'_>,
    work: impl FnOnce(&App) -> T + Send + 'static,
) -> Result<T, Problem> {
    let bug = |bug: Bug| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, bug.to_string());
    let app = asked.app().clone();
    app.clone().services.aside(Room::Programs, move || work(&app)).await.map_err(bug)
}

/// Has the store change something.
async fn on_store<R: Send + 'static>(
    app: &App,
    work: impl FnOnce(&mut dyn Store, Time) -> Result<R, EditError> + Send + 'static,
) -> Result<R, Problem> {
    app.services.on_store(work).await.map_err(too_busy)?.map_err(|error| refused(&error))
}

fn refused(error: &EditError) -> Problem {
    let conflict = |detail: String| Problem::new(StatusCode::CONFLICT, detail);
    match error {
        EditError::NameTaken(name) => {
            conflict(format!("{error}: choose another `name`, or change that one at /api/v1/checks/{name}"))
        }
        EditError::SlugTaken | EditError::BadId(_) => conflict(error.to_string()),
        EditError::TooMany { .. } => {
            conflict(format!("{error}: delete some, or allow more in the configuration"))
        }
        EditError::NoSuchCheck => no_such_check(),
        EditError::DeclaredInFile { path, line } => in_file(&Declared { file: path.clone(), line: *line }),
        EditError::UnknownDependency(_) | EditError::DependencyCircle(_) => {
            faults(&[fault("/depends_on", &error.to_string())], 0)
        }
        EditError::Store(error) => not_stored(error),
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

fn fault(pointer: &str, message: &str) -> DescribedFault {
    DescribedFault { pointer: pointer.to_owned(), message: message.to_owned() }
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
    use crate::core::check::{Alias, Origin};

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

    #[test]
    fn a_canary_keeps_the_names_by_which_it_is_looked_up() {
        let read =
            |json: Value| read_check(json.to_string().as_bytes(), None).expect("it is right").definition;
        let mut before = read(json!({"name": "a", "title": "A", "every": "5m"}));
        let renamed = read(json!({"name": "b", "title": "B", "every": "5m"}));
        let slower = read(json!({"name": "a", "title": "A", "every": "1h"}));
        assert_eq!(check_canary(&renamed, &before), Ok(()));
        before.alias =
            Some(Alias { origin: Origin::new("coal_mine"), id: "abcdefgh".to_owned(), slug: "a".to_owned() });
        assert_eq!(check_canary(&slower, &before), Ok(()));
        let problem = format!("{:?}", check_canary(&renamed, &before));
        assert!(problem.contains("/name") && problem.contains("/title"), "{problem}");
        assert!(problem.contains("rename it there, with the id `abcdefgh`"), "{problem}");
    }
}
