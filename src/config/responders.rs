//! Who is told what: `responders`, `default_receivers` and `administrators`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assertion::any_json;
use super::model::Place;
use super::receivers::Receivers;
use crate::core::matcher::MatcherError;
use crate::core::route::{Action, Matcher, Policy, ReceiverName, ReceiverPolicy, Responder};
use crate::core::time::Span;
use crate::notify::email;
use crate::yaml::fault::{At, guess, quote};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

impl Loader {
    /// Reads the whole policy, given the receivers. Those that actions have of their own are added to them.
    pub(super) fn policy(&mut self, main: &Fields<'_>, receivers: &mut Receivers) -> Arc<Policy> {
        let default_receivers = self.receivers_named(main, "default_receivers", receivers);
        let administrators = self.receivers_named(main, "administrators", receivers);
        let mut responders = Vec::new();
        for item in self.limited(main, "responders") {
            let matchers = self.matchers(&item, "matchers");
            let actions = self.actions(&item, main, receivers);
            responders.push(Responder { matchers, actions });
        }
        let receivers = receivers.with_those_of_actions();
        Arc::new(Policy { responders, default_receivers, administrators, receivers })
    }

    /// Receivers that a list names, each once.
    fn receivers_named(
        &mut self,
        main: &Fields<'_>,
        key: &'static str,
        receivers: &Receivers,
    ) -> Vec<ReceiverName> {
        let mut named: Vec<ReceiverName> = Vec::new();
        for (at, name) in main.texts(&mut self.log, key) {
            if self.known_receiver(at, name, &receivers.policies)
                && !named.iter().any(|other| **other == *name)
            {
                named.push(name.into());
            }
        }
        named
    }

    /// The matchers of a list.
    pub(super) fn matchers(&mut self, item: &Fields<'_>, key: &str) -> Vec<Matcher> {
        let mut matchers = Vec::new();
        for (at, text) in item.texts(&mut self.log, key) {
            if text.contains('~') && !self.may_compile(at) {
                continue;
            }
            match Matcher::parse(text) {
                Ok(matcher) => matchers.push(matcher),
                Err(MatcherError::Trailing { .. }) if Matcher::parse_list(text).is_ok() => {
                    self.log.fault(at, "several matchers in one text: make each of them an item of the list");
                }
                Err(error) => self.log.fault(at, error.to_string()),
            }
        }
        matchers
    }

    fn actions(&mut self, item: &Fields<'_>, main: &Fields<'_>, receivers: &mut Receivers) -> Vec<Action> {
        let sections = self.limited(item, "actions");
        if sections.is_empty() && item.get("actions").is_some_and(|node| node.kind() == "a list") {
            self.log.fault(
                item.at_value("actions"),
                "a responder without an action does nothing: add `- notify: …`",
            );
        }
        sections.iter().filter_map(|section| self.action(section, main, receivers)).collect()
    }

    fn action(
        &mut self,
        section: &Fields<'_>,
        main: &Fields<'_>,
        receivers: &mut Receivers,
    ) -> Option<Action> {
        let after = section.duration(&mut self.log, "after").unwrap_or(Span::ZERO);
        let repeat_interval = section.duration(&mut self.log, "repeat_interval");
        let with = any_json(section, "with", Action::MAX_WITH_BYTES, &mut self.log);
        match (section.has("notify"), section.has("email")) {
            (true, true) => {
                self.log.fault(section.at, "an action has `notify` or `email`, not both: make two of it");
                None
            }
            (false, false) => {
                if !section.has_refused_keys() {
                    self.log.fault(section.at, "an action needs `notify` or `email`: whom it tells");
                }
                None
            }
            (false, true) => {
                if section.has("with") {
                    let message =
                        "`with` is for the program behind a webhook or a command: in a mail nobody reads it";
                    self.log.fault(section.at_key("with"), message);
                }
                let at = section.at_key("email");
                let email = email::read(self, section, main).filter(|_| self.may_act(at))?;
                let action = Action::by_mail(&format!("{email:?}"), after, repeat_interval);
                receivers.add_of_action(&action, email, Place::of(&self.log, at));
                Some(action)
            }
            (true, false) => {
                let name = section.text(&mut self.log, "notify")?;
                let at = section.at_value("notify");
                if !self.may_act(at) || !self.known_receiver(at, name, &receivers.policies) {
                    return None;
                }
                let action = Action::new(name.into(), after, repeat_interval);
                Some(if let Some(with) = with { action.with(&with) } else { action })
            }
        }
    }

    /// Whether this receiver exists. If not, that is a fault.
    fn known_receiver(
        &mut self,
        at: At,
        name: &str,
        receivers: &BTreeMap<ReceiverName, ReceiverPolicy>,
    ) -> bool {
        let known = receivers.contains_key(name);
        if !known {
            let hint = guess(name, receivers.keys().map(|name| &**name));
            self.log.fault(at, format!("there is no receiver {}{hint}", quote(name)));
        }
        known
    }
}
