//! The keys that say who is told. `notify` has those that say how messages leave.

use crate::core::time::Span;
use crate::notify::alertmanager::ALERTMANAGER;
use crate::notify::email::EMAIL;
use crate::yaml::section::Kind::{Duration, Json, List, Map, Text, Texts};
use crate::yaml::section::Need::{Default, Optional, Required};
use crate::yaml::section::{MINUTE, MONTH, NAME, Section, key};

pub(in crate::config) static ALERTING: Section = Section {
    id: "alerting",
    title: "`alerting`",
    keys: &[key("alertmanagers", List(&ALERTMANAGER), Optional, "Each of them gets every alert.")],
};

pub(in crate::config) static RESPONDER: Section = Section {
    id: "responder",
    title: "a responder",
    keys: &[
        key(
            "matchers",
            Texts,
            Optional,
            "Matchers in Alertmanager's syntax, such as `team=\"dba\"`, over labels, check, group, reason and status; all must match. Without any: every incident.",
        ),
        key("actions", List(&ACTION), Required, "What to do."),
    ],
};

pub(in crate::config) static ACTION: Section = Section {
    id: "action",
    title: "an action",
    keys: &[
        key("notify", Text(NAME), Optional, "The receiver to tell: this, or `email`."),
        key("email", Map(&EMAIL), Optional, "A mail of this action's own, through `smtp`."),
        key(
            "with",
            Json,
            Optional,
            "For a receiver of kind webhook or exec, which is handed it as it is: anything, at most 4096 bytes as JSON.",
        ),
        key("after", Duration(Span::ZERO, MONTH), Default("0s"), "Delay after the start of the incident."),
        key(
            "repeat_interval",
            Duration(MINUTE, MONTH),
            Optional,
            "Reminder interval while the incident is open.",
        ),
    ],
};
