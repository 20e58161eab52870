//! `receivers`: where messages go. Each kind of receiver reads its own keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::Place;
use crate::core::outbox::Message;
use crate::core::route::{Action, ReceiverName, ReceiverPolicy, is_own_receiver, is_receiver_of_action};
use crate::core::time::Span;
use crate::notify::{Email, KINDS, ReadKind, Receiver, ReceiverKind};
use crate::yaml::fault::quote;
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// What `receivers` say.
#[derive(Default)]
pub(super) struct Receivers {
    /// How each is reached.
    pub(super) list: Vec<Receiver>,
    /// When each is told.
    pub(super) policies: BTreeMap<ReceiverName, ReceiverPolicy>,
    /// Where each is declared.
    pub(super) places: BTreeMap<ReceiverName, Place>,
}

/// When one is told that says nothing of that.
const USUAL: ReceiverPolicy = ReceiverPolicy {
    send_resolved: true,
    group_wait: ReceiverPolicy::GROUP_WAIT,
    give_up_after: Span::mins(24 * 60),
    max_members: Message::MAX_MEMBERS,
    include_output: true,
};

impl Receivers {
    /// Adds the receiver that an action has of its own. Where two actions are the same, they share it.
    pub(super) fn add_of_action(&mut self, action: &Action, email: Email, place: Place) {
        let name = &action.receiver;
        if !self.places.contains_key(name) {
            let (name, kind) = (Arc::clone(name), ReceiverKind::Email(email));
            self.list.push(Receiver { name, ack_links: kind.has_ack_links(), kind });
        }
        self.places.entry(Arc::clone(name)).or_insert(place);
    }

    /// When each is told. Those of actions come last: nobody else can name them.
    pub(super) fn with_those_of_actions(&mut self) -> BTreeMap<ReceiverName, ReceiverPolicy> {
        let mut policies = std::mem::take(&mut self.policies);
        let of_actions = self.list.iter().filter(|receiver| is_receiver_of_action(&receiver.name));
        policies.extend(of_actions.map(|receiver| (Arc::clone(&receiver.name), USUAL)));
        policies
    }
}

/// Reads `receivers`.
pub(super) fn receivers(loader: &mut Loader, main: &Fields<'_>) -> Receivers {
    let mut receivers = Receivers::default();
    for item in loader.limited(main, "receivers") {
        let name = item.text(&mut loader.log, "name");
        let kind = kind(loader, &item, main);
        let log = &mut loader.log;
        let policy = ReceiverPolicy {
            send_resolved: item.flag(log, "send_resolved").unwrap_or(USUAL.send_resolved),
            group_wait: item.duration(log, "group_wait").unwrap_or(USUAL.group_wait),
            give_up_after: item.duration(log, "give_up_after").unwrap_or(USUAL.give_up_after),
            max_members: kind.as_ref().map_or(USUAL.max_members, ReceiverKind::max_members),
            include_output: item.flag(log, "include_output").unwrap_or(USUAL.include_output),
        };
        let ack_links = item.flag(log, "ack_links");
        let Some(name) = name else { continue };
        if is_own_receiver(name) || is_receiver_of_action(name) {
            let whose = if is_own_receiver(name) { "a check's" } else { "an action's" };
            let message = format!("{} is {whose} own: choose a name that does not begin so", quote(name));
            log.fault(item.at_value("name"), message);
        }
        let name: ReceiverName = name.into();
        receivers.places.insert(Arc::clone(&name), Place::of(log, item.at));
        // Added even if its kind is faulty: a responder that names it is right.
        if receivers.policies.insert(Arc::clone(&name), policy).is_some() {
            log.fault(item.at_value("name"), format!("there are two receivers {}", quote(&name)));
        }
        receivers.list.extend(kind.map(|kind| {
            let ack_links = ack_links.unwrap_or(kind.has_ack_links());
            Receiver { name, kind, ack_links }
        }));
    }
    receivers
}

/// The one kind that a receiver has.
fn kind(loader: &mut Loader, item: &Fields<'_>, main: &Fields<'_>) -> Option<ReceiverKind> {
    let known: Vec<String> = KINDS.iter().map(|(key, _)| format!("`{key}`")).collect();
    let known = known.join(", ");
    let given: Vec<ReadKind> = KINDS.iter().filter(|(key, _)| item.has(key)).map(|(_, read)| *read).collect();
    match given.as_slice() {
        [read] => read(loader, item, main),
        [] => {
            if !item.has_later_keys() {
                loader.log.fault(item.at, format!("a receiver needs one of {known}"));
            }
            None
        }
        _ => {
            loader.log.fault(item.at, format!("a receiver has one of {known}: make a receiver of each"));
            None
        }
    }
}
