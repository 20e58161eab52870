//! What responders are called: they have no names, and their places among each other change with the file.

use super::action::ActionId;
use super::facts::Facts;
use super::policy::{Policy, Responder};
use crate::core::text;

impl Responder {
    /// The most characters of its name.
    pub const MAX_NAME_CHARS: usize = 60;

    /// What it matches, on one line: `severity="critical", team="dba"`; cut, with `…` at its end.
    pub fn name(&self) -> String {
        if self.matchers.is_empty() {
            return "everything".to_owned();
        }
        let all = self.matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        text::cut(&text::one_line(&all), Responder::MAX_NAME_CHARS)
    }
}

impl Policy {
    /// What the responder of this number, counted from 1, is called.
    pub fn name_of(&self, number: u32) -> String {
        self.responder(number).map(Responder::name).unwrap_or_default()
    }

    fn responder(&self, number: u32) -> Option<&Responder> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.responders.get(place)
    }

    /// The name of the responder that asks for an action, by its number at the time when it was planned; `None`: there is
    /// none any more. Of several it is one that matches the check now, and rather the one of this number.
    pub fn asked_by(&self, action: ActionId, number: u32, facts: &Facts<'_>) -> Option<String> {
        let asks = |responder: &&Responder| responder.actions.iter().any(|other| other.id == action);
        let matches = |responder: &&Responder| facts.matched_by(&responder.matchers);
        let of_number = || self.responder(number).filter(asks);
        let all = || self.responders.iter().filter(asks);
        let found = of_number().filter(matches).or_else(|| all().find(matches)).or_else(of_number);
        found.or_else(|| all().next()).map(Responder::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixtures::{cause, definition};
    use crate::core::route::{Action, Matcher};
    use crate::core::time::Span;

    fn responder(matchers: &str, receiver: &str) -> Responder {
        Responder {
            matchers: Matcher::parse_list(matchers).expect("matchers"),
            actions: vec![Action::new(receiver.into(), Span::ZERO, None)],
        }
    }

    #[test]
    fn a_responder_is_called_by_what_it_matches() {
        let name = |matchers: &str| responder(matchers, "ops").name();
        assert_eq!(name(""), "everything");
        assert_eq!(name("severity=critical,team!~\"a|b\""), "severity=\"critical\", team!~\"a|b\"");
        assert_eq!(name("a=\"x\\ny\u{9b}z\""), "a=\"x\\ny z\"");
        let long = name(&format!("a=\"{}\"", "夜".repeat(200)));
        assert_eq!((long.chars().count(), long.ends_with("夜…")), (60, true));
    }

    /// Its number is that of the file at the time when the action was planned.
    #[test]
    fn whoever_asks_is_found_also_where_the_file_has_another_order() {
        let responders =
            vec![responder("team=web", "ops"), responder("team=dba", "ops"), responder("", "chat")];
        let policy = Policy { responders, ..Policy::default() };
        let check = definition();
        let causes = [cause("missing")];
        let facts = Facts::of_check(&check, &causes);
        let asked = |receiver: &str, number| {
            policy.asked_by(Action::new(receiver.into(), Span::ZERO, None).id, number, &facts)
        };
        let dba = Some("team=\"dba\"".to_owned());
        assert_eq!(
            (asked("ops", 2), asked("ops", 1), asked("ops", 0), asked("ops", 9)),
            (dba.clone(), dba.clone(), dba.clone(), dba)
        );
        assert_eq!((asked("chat", 1), asked("mail", 1)), (Some("everything".to_owned()), None));
    }
}
