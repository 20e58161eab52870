//! Who is told what: `responders` and `default_receivers`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::core::matcher::MatcherError;
use crate::core::route::{Action, Matcher, Policy, ReceiverName, ReceiverPolicy, Responder};
use crate::core::time::Span;
use crate::yaml::fault::{At, guess, quote};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

impl Loader {
    /// Reads the whole policy, given the receivers.
    pub(super) fn policy(
        &mut self,
        main: &Fields<'_>,
        receivers: BTreeMap<ReceiverName, ReceiverPolicy>,
    ) -> Arc<Policy> {
        let mut default_receivers: Vec<ReceiverName> = Vec::new();
        for (at, name) in main.texts(&mut self.log, "default_receivers") {
            if self.known_receiver(at, name, &receivers)
                && !default_receivers.iter().any(|other| **other == *name)
            {
                default_receivers.push(name.into());
            }
        }
        let mut responders = Vec::new();
        for item in self.limited(main, "responders") {
            let matchers = self.matchers(&item, "matchers");
            let actions = self.actions(&item, &receivers);
            responders.push(Responder { matchers, actions });
        }
        Arc::new(Policy { responders, default_receivers, receivers })
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

    fn actions(
        &mut self,
        item: &Fields<'_>,
        receivers: &BTreeMap<ReceiverName, ReceiverPolicy>,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let sections = self.limited(item, "actions");
        if sections.is_empty() && item.get("actions").is_some_and(|node| node.kind() == "a list") {
            self.log.fault(
                item.at_value("actions"),
                "a responder without an action does nothing: add `- notify: …`",
            );
        }
        for section in sections {
            let after = section.duration(&mut self.log, "after").unwrap_or(Span::ZERO);
            let repeat_interval = section.duration(&mut self.log, "repeat_interval");
            let Some(name) = section.text(&mut self.log, "notify") else { continue };
            if !self.may_act(section.at_value("notify")) {
                continue;
            }
            if self.known_receiver(section.at_value("notify"), name, receivers) {
                actions.push(Action::new(name.into(), after, repeat_interval));
            }
        }
        actions
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
