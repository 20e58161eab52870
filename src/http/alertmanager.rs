//! Alertmanager's webhook as a ping: a Watchdog alert that always fires is a job like any other.

use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};

/// What Alertmanager says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AlertStatus {
    Firing,
    Resolved,
}

/// The status in a webhook payload of version 4; `None` if it is something else. The payload may be cut: its status
/// comes before its alerts, and its version after them.
pub(super) fn status(body: &[u8], cut: bool) -> Option<AlertStatus> {
    let mut seen = Seen::default();
    let read = serde_json::Deserializer::from_slice(body).deserialize_map(Top(&mut seen));
    let whole = read.is_ok() && seen.version_is_4;
    let begun = cut && seen.receiver && seen.alerts;
    if whole || begun { seen.status } else { None }
}

/// What was found, also when the rest could not be read.
#[derive(Default)]
struct Seen {
    receiver: bool,
    status: Option<AlertStatus>,
    alerts: bool,
    version_is_4: bool,
}

struct Top<'a>(&'a mut Seen);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "receiver" => {
                    self.0.receiver = true;
                    map.next_value::<IgnoredAny>()?;
                }
                "status" => {
                    self.0.status = match map.next_value::<String>()?.as_str() {
                        "firing" => Some(AlertStatus::Firing),
                        "resolved" => Some(AlertStatus::Resolved),
                        _ => None,
                    };
                }
                "alerts" => {
                    self.0.alerts = true;
                    map.next_value::<IgnoredAny>()?;
                }
                "version" => self.0.version_is_4 = map.next_value::<String>()? == "4",
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_known_whole_and_cut() {
        let payload = |status: &str, version: &str| {
            format!(
                r#"{{"receiver":"x","status":"{status}","alerts":[{{"status":"firing","labels":{{"alertname":"Watchdog"}}}}],"groupLabels":{{}},"version":"{version}","groupKey":"{{}}"}}"#
            )
        };
        let check = |body: &str, cut: bool, expected: Option<AlertStatus>| {
            assert_eq!(status(body.as_bytes(), cut), expected, "{body}");
        };
        check(&payload("firing", "4"), false, Some(AlertStatus::Firing));
        check(&payload("resolved", "4"), false, Some(AlertStatus::Resolved));
        check(&payload("resolved", "5"), false, None);
        check(&payload("done", "4"), false, None);
        let resolved = payload("resolved", "4");
        check(&resolved[..80], true, Some(AlertStatus::Resolved));
        check(&resolved[..80], false, None);
        for other in
            ["", "{", "[]", "null", r#"{"status":"resolved"}"#, r#"{"status":7,"version":"4"}"#, "backup ok"]
        {
            check(other, false, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_payload_or_none(body: Vec<u8>, cut: bool) {
            proptest::prop_assert_eq!(status(&body, cut), None);
        }
    }
}
