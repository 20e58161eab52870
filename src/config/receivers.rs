//! `receivers`: where messages go. Each kind of receiver reads its own keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::Place;
use crate::core::outbox::Message;
use crate::core::route::{ReceiverName, ReceiverPolicy, is_own_receiver};
use crate::core::time::Span;
use crate::notify::{KINDS, ReadKind, Receiver, ReceiverKind};
use crate::yaml::fault::{At, quote};
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

/// Reads `receivers`.
pub(super) fn receivers(loader: &mut Loader, main: &Fields<'_>) -> Receivers {
    let mut receivers = Receivers::default();
    for item in loader.limited(main, "receivers") {
        let name = item.text(&mut loader.log, "name");
        let kind = kind(loader, &item, main);
        let log = &mut loader.log;
        let policy = ReceiverPolicy {
            send_resolved: item.flag(log, "send_resolved").unwrap_or(true),
            group_wait: item.duration(log, "group_wait").unwrap_or(ReceiverPolicy::GROUP_WAIT),
            give_up_after: item.duration(log, "give_up_after").unwrap_or(Span::mins(24 * 60)),
            max_members: kind.as_ref().map_or(Message::MAX_MEMBERS, ReceiverKind::max_members),
            include_output: item.flag(log, "include_output").unwrap_or(true),
        };
        let ack_links = item.flag(log, "ack_links");
        let Some(name) = name else { continue };
        if is_own_receiver(name) {
            let message = format!("{} is a check's own: choose a name that does not begin so", quote(name));
            log.fault(item.at_value("name"), message);
        }
        let name: ReceiverName = name.into();
        let At { line, column, .. } = item.at;
        let place = Place { file: Arc::clone(log.file_name(item.at)), line, column };
        receivers.places.insert(Arc::clone(&name), place);
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
    let known = known.join(" or ");
    let given: Vec<ReadKind> = KINDS.iter().filter(|(key, _)| item.has(key)).map(|(_, read)| *read).collect();
    match given.as_slice() {
        [read] => read(loader, item, main),
        [] => {
            if !item.has_later_keys() {
                loader.log.fault(item.at, format!("a receiver needs {known}"));
            }
            None
        }
        _ => {
            loader.log.fault(item.at, format!("a receiver has {known}, not both: make two of it"));
            None
        }
    }
}
