//! A document of coal-mine or Night's Watch as the check that it becomes.

use chrono::{DateTime, NaiveDateTime};
use serde_json::{Map, Value};

use super::change::{InWords, MAX_DESCRIPTION_BYTES, MAX_NAME_BYTES, definition_of};
use super::dialect::Dialect;
use super::document::CanaryDocument;
use super::slug;
use crate::compat::door::{Carried, DoorDocument, NotCarried};
use crate::core::check::{Alias, Definition};
use crate::core::step::PastState;
use crate::core::text::{first_bytes, one_line as blanked};
use crate::core::time::Time;
use crate::notify::is_mail_address;
use crate::store::{NewCheck, Past};

/// The longest slug, in bytes: more than any name makes.
const MAX_SLUG_BYTES: usize = 800;
/// The longest text of an event that is kept, in bytes.
const MAX_EVENT_BYTES: usize = 600;
/// The most events that are looked at.
const MAX_EVENTS: usize = 100_000;
/// Times before 1970 and from 2200 on are none of a canary's.
const END_OF_TIMES_MS: i64 = 7_258_118_400_000;
/// What is understood; `periodicity_schedule` says what `periodicity` does, `notify` is true while a mail is to be sent.
const KNOWN: [&str; 14] = [
    "_id",
    "id",
    "name",
    "slug",
    "periodicity",
    "description",
    "emails",
    "paused",
    "history",
    "late",
    "deadline",
    "periodicity_schedule",
    "notify",
    "__v",
];

/// A document as the check that it becomes.
pub(super) fn carry(document: CanaryDocument, dialect: &Dialect, now: Time) -> DoorDocument {
    let CanaryDocument { line, fields } = document;
    let text = |key: &str| fields.as_ref().ok()?.get(key)?.as_str();
    let id = text("id").or(text("_id")).unwrap_or_default().to_owned();
    let name = text("name").unwrap_or_default().to_owned();
    let carried = fields.map_err(NotCarried::Unreadable);
    let carried = carried.and_then(|fields| read(&fields, dialect, now).map_err(NotCarried::Refused));
    DoorDocument { line, id, name, carried }
}

/// Reads a document; why it cannot be carried over, in words.
fn read(fields: &Map<String, Value>, dialect: &Dialect, now: Time) -> Result<Carried, String> {
    let mut lost: Vec<String> = fields
        .keys()
        .filter(|key| !KNOWN.contains(&key.as_str()))
        .take(20)
        .map(|key| format!("`{}` is not known here", key.escape_debug()))
        .collect();
    let id = id(fields)?;
    if !Alias::is_id(&id) {
        return Err(format!("`{}` is no id: it has 8 letters a-z", id.escape_debug()));
    }
    let name = text(fields, "name")?.ok_or("it has no `name`")?;
    let slug = text(fields, "slug")?.unwrap_or_else(|| slug::slug(&name));
    if slug.len() > MAX_SLUG_BYTES || slug.contains(char::is_control) {
        return Err("its slug is too long or has control characters".to_owned());
    }
    let periodicity = match fields.get("periodicity").map(plain) {
        Some(Value::Number(number)) => number.as_f64().ok_or("`periodicity` is no number")?.to_string(),
        Some(Value::String(text)) => text,
        None => return Err("it has no `periodicity`: save the answer of `list?verbose=true`".to_owned()),
        _ => return Err("`periodicity` must be a number or a text".to_owned()),
    };
    let name = shorter(one_line(&name, &mut lost), MAX_NAME_BYTES, "name", &mut lost);
    let description = text(fields, "description")?.unwrap_or_default();
    let description = shorter(description, MAX_DESCRIPTION_BYTES, "description", &mut lost);
    let all_emails = emails(fields)?;
    let (mut good, bad): (Vec<&str>, Vec<&str>) =
        all_emails.iter().map(String::as_str).partition(|email| is_mail_address(email));
    lost.extend(bad.iter().take(20).map(|email| format!("`{}` is no mail address", email.escape_debug())));
    if good.len() > Definition::MAX_EMAILS {
        lost.push(format!("of its {} addresses the first {} are kept", good.len(), Definition::MAX_EMAILS));
        good.truncate(Definition::MAX_EMAILS);
    }
    let words = InWords { name: &name, periodicity: &periodicity, description: &description, emails: &good };
    let definition = Definition {
        alias: Some(Alias { origin: dialect.origin(), id, slug }.into()),
        ..definition_of(dialect, words)?
    };
    let paused = flag(fields, "paused")?;
    if flag(fields, "notify")? {
        lost.push("a mail about it that was still to be sent".to_owned());
    }
    let past = past(dialect, fields, paused, now, &mut lost)?;
    Ok(Carried { new: NewCheck { definition, paused, past: Some(past) }, lost })
}

/// Its `id`. Where MongoDB made an `_id` of its own beside it, that says nothing.
fn id(fields: &Map<String, Value>) -> Result<String, String> {
    match text(fields, "id")? {
        Some(id) => Ok(id),
        None => Ok(text(fields, "_id")?.ok_or("it has no `id`")?),
    }
}

/// A name is one line here.
fn one_line(name: &str, lost: &mut Vec<String>) -> String {
    if name.contains(char::is_control) {
        lost.push("control characters of its name are blanks now".to_owned());
    }
    blanked(name)
}

/// At most so many bytes.
fn shorter(text: String, max_bytes: usize, what: &str, lost: &mut Vec<String>) -> String {
    if text.len() <= max_bytes {
        return text;
    }
    lost.push(format!("its {what} is cut: it has {} bytes, and may have {max_bytes}", text.len()));
    first_bytes(&text, max_bytes).to_owned()
}

fn past(
    dialect: &Dialect,
    fields: &Map<String, Value>,
    paused: bool,
    now: Time,
    lost: &mut Vec<String>,
) -> Result<Past, String> {
    let history = history(fields)?;
    let newest_of = |what: &str| history.iter().find(|(_, text)| text.starts_with(what)).map(|(at, _)| *at);
    let newest = history.first().map(|(at, _)| *at);
    let deadline = match fields.get("deadline").map(plain) {
        None | Some(Value::Null) => None,
        Some(value) => Some(time(&value).ok_or("`deadline` is no time")?),
    };
    // 16.6: a watcher that is paused is not late.
    let late = flag(fields, "late")? && !(paused && dialect.habits.pause_forgives);
    let paused_since = paused.then(|| newest_of("Paused").or(newest).unwrap_or(now));
    // While it is paused its deadline is not kept there: it was late by then.
    let late_since = late.then(|| deadline.or(paused_since).or(newest).unwrap_or(now));
    if !late && !paused && deadline.is_some_and(|deadline| deadline <= now) {
        lost.push("its deadline has passed since: it counts from the import".to_owned());
    }
    let state = PastState {
        last_success: newest_of("Triggered"),
        deadline: deadline.filter(|_| !paused),
        counts_from: None,
        late_since,
        paused_since,
    };
    Ok(Past { state, history })
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{key}` is no text")),
    }
}

fn flag(fields: &Map<String, Value>, key: &str) -> Result<bool, String> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(format!("`{key}` is neither true nor false")),
    }
}

fn emails(fields: &Map<String, Value>) -> Result<Vec<String>, String> {
    let wrong = || "`emails` is no list of texts".to_owned();
    match fields.get("emails") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|email| email.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// Newest first.
fn history(fields: &Map<String, Value>) -> Result<Vec<(Time, String)>, String> {
    let list = match fields.get("history") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err("`history` is no list".to_owned()),
    };
    if list.len() > MAX_EVENTS {
        return Err(format!("`history` has more than {MAX_EVENTS} entries"));
    }
    let entry = |(index, entry): (usize, &Value)| {
        let read = match entry.as_array().map(Vec::as_slice) {
            Some([at, Value::String(text)]) => time(&plain(at)).map(|at| (at, event(text))),
            _ => None,
        };
        read.ok_or_else(|| format!("entry {} of `history` is no time with a text", index + 1))
    };
    let mut history = list.iter().enumerate().map(entry).collect::<Result<Vec<_>, String>>()?;
    // Stable: those of one time stay in their order.
    history.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(history)
}

/// One line, of bounded length.
fn event(text: &str) -> String {
    blanked(first_bytes(text, MAX_EVENT_BYTES))
}

/// What stands within `{"$date": …}`, `{"$numberLong": …}` and the like; a number that is written as text, as a number.
fn plain(value: &Value) -> Value {
    let Some((key, inner)) = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next())
    else {
        return value.clone();
    };
    let number = |value: &Value| match value {
        Value::String(text) => text.parse().map_or(Value::Null, Value::Number),
        other => other.clone(),
    };
    match (key.as_str(), inner) {
        ("$numberInt" | "$numberLong" | "$numberDouble", inner) => number(inner),
        ("$date", Value::Object(long)) => long.get("$numberLong").map_or(Value::Null, number),
        ("$date", inner) => inner.clone(),
        _ => Value::Null,
    }
}

/// A text as coal-mine, Night's Watch or mongoexport writes it (UTC where it names no zone), or milliseconds.
fn time(value: &Value) -> Option<Time> {
    let ms = match value {
        Value::Number(ms) => ms.as_i64()?,
        Value::String(text) => DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
            .map(|time| time.timestamp_millis())
            .or_else(|_| {
                let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
                naive.map(|time| time.and_utc().timestamp_millis())
            })
            .ok()?,
        _ => return None,
    };
    (0..END_OF_TIMES_MS).contains(&ms).then(|| Time::from_ms(ms))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compat::{coal_mine, nights_watch};

    const NOW: i64 = 1_774_656_000_000;

    fn read_one(value: Value) -> Result<Carried, String> {
        let Value::Object(fields) = value else { panic!("an object") };
        read(&fields, coal_mine::DOOR.0, Time::from_ms(NOW))
    }

    #[test]
    fn times_are_read_however_they_are_written() {
        let check = |value: Value, expected: Option<i64>| {
            assert_eq!(time(&plain(&value)), expected.map(Time::from_ms), "{value}");
        };
        check(json!("2026-03-28T00:00:00.504509+00:00"), Some(NOW + 504));
        check(json!("2026-03-28T00:00:00"), Some(NOW));
        check(json!({"$date": "2026-03-28T00:00:00.500Z"}), Some(NOW + 500));
        check(json!({"$date": "2026-03-28T01:00:00.5+0100"}), Some(NOW + 500));
        check(json!({"$date": {"$numberLong": "1774656000000"}}), Some(NOW));
        check(json!({"$date": NOW}), Some(NOW));
        check(json!({"$date": {"$numberLong": "-1"}}), None);
        check(json!({"$date": "9999-12-31T00:00:00Z"}), None);
        check(json!("yesterday"), None);
        check(json!([]), None);
    }

    /// 16.6
    #[test]
    fn late_is_kept_over_a_pause_of_coal_mine_alone() {
        let fields = json!({"_id": "abcdefgh", "name": "a", "periodicity": 60, "paused": true, "late": true});
        let Value::Object(fields) = fields else { panic!("an object") };
        for (dialect, is_late) in [(coal_mine::DOOR.0, true), (nights_watch::DOOR.0, false)] {
            let carried = read(&fields, dialect, Time::from_ms(NOW)).expect("it is right");
            let past = carried.new.past.expect("it comes from there");
            assert_eq!(
                (past.state.late_since.is_some(), carried.new.paused),
                (is_late, true),
                "{}",
                dialect.system
            );
        }
    }

    #[test]
    fn a_key_that_mongodb_made_is_not_taken_for_the_id() {
        let with = |key: &str, value: Value| {
            let mut fields =
                json!({"_id": {"$oid": "65a1b2c3d4e5f60718293a4b"}, "name": "a", "periodicity": 60});
            fields[key] = value;
            fields
        };
        let carried = read_one(with("id", json!("abcdefgh"))).expect("it has an id");
        assert_eq!(carried.new.definition.alias.expect("it is one").id, "abcdefgh");
        assert!(carried.lost.is_empty(), "{:?}", carried.lost);
        let error = read_one(with("slug", json!("a"))).expect_err("it has none");
        assert!(error.contains("`_id` is no text"), "{error}");
    }

    #[test]
    fn what_cannot_be_carried_is_said() {
        let check = |value: Value, expected: &str| {
            let error = read_one(value).expect_err(expected);
            assert!(error.contains(expected), "{error}");
        };
        check(json!({"name": "a", "periodicity": 60}), "it has no `id`");
        check(json!({"id": "a\u{1b}b", "name": "a", "periodicity": 60}), "is no id");
        let with = |key: &str, value: Value| {
            let mut fields = json!({"_id": "abcdefgh", "name": "a", "periodicity": {"$numberInt": "60"}});
            fields[key] = value;
            fields
        };
        check(
            json!({"id": "abcdefgh", "name": "a"}),
            "no `periodicity`: save the answer of `list?verbose=true`",
        );
        check(with("name", json!(3)), "`name` is no text");
        check(with("periodicity", json!(-5)), "malformed periodicity");
        check(with("periodicity", json!({"$numberDouble": "NaN"})), "`periodicity` must be");
        check(with("late", json!("yes")), "`late` is neither");
        check(with("history", json!([["2026-03-28T00:00:00", 3]])), "entry 1 of `history`");
        let carried =
            read_one(with("emails", json!(["a@example.org", "nobody"]))).expect("the rest is carried");
        assert_eq!(carried.new.definition.emails, ["a@example.org"]);
        assert_eq!(carried.lost, ["`nobody` is no mail address"]);
        let check = |key: &str, value: Value, expected: &str| {
            let carried = read_one(with(key, value)).expect("the rest is carried");
            assert_eq!(carried.lost, [expected]);
            carried.new.definition
        };
        check("notify", json!(true), "a mail about it that was still to be sent");
        let named = check("name", json!("a\r\nb"), "control characters of its name are blanks now");
        assert_eq!((&*named.title, named.alias.expect("it is one").slug.as_str()), ("a  b", "a-b"));
        let long =
            check("name", json!("é".repeat(150)), "its name is cut: it has 300 bytes, and may have 200");
        assert_eq!(*long.title, *"é".repeat(100));
        let long = json!("x".repeat(5000));
        check("description", long, "its description is cut: it has 5000 bytes, and may have 4096");
        let many = json!(vec!["a@example.org"; 40]);
        assert_eq!(check("emails", many, "of its 40 addresses the first 32 are kept").emails.len(), 32);
    }
}
