//! Who is told, and what is then done.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::core::time::Span;

/// A receiver's name, as in the configuration.
pub type ReceiverName = Arc<str>;

/// A hash of an action's definition (12.1): stays the same over reloads that leave the action as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u64);

/// One thing that a responder does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// A hash of all that the action is.
    pub id: ActionId,
    /// Who is told.
    pub receiver: ReceiverName,
    /// How long after the first of the incident's causes that it matches.
    pub after: Span,
    /// Told again so long after it was told, while the incident is open.
    pub repeat_interval: Option<Span>,
    /// JSON that the receiver is handed as it is; `None`: nothing.
    pub with: Option<Arc<str>>,
}

impl Action {
    /// The longest `with`, in bytes.
    pub const MAX_WITH_BYTES: usize = 4096;

    /// An action, with the id that its fields give it.
    pub fn new(receiver: ReceiverName, after: Span, repeat_interval: Option<Span>) -> Action {
        let id = hash(&[receiver.as_bytes()], after, repeat_interval);
        Action { id, receiver, after, repeat_interval, with: None }
    }

    /// The same, with JSON for the receiver.
    pub fn with(self, with: &str) -> Action {
        // No name of a receiver has this byte.
        let id =
            hash(&[self.receiver.as_bytes(), &[0xff], with.as_bytes()], self.after, self.repeat_interval);
        Action { id, with: Some(with.into()), ..self }
    }

    /// To tell an administrator what was found (21.6): none of a responder's, whatever that does.
    pub fn of_administrator(receiver: ReceiverName) -> Action {
        let id = hash(&[b"administrators", &[0xff], receiver.as_bytes()], Span::ZERO, None);
        Action { id, receiver, after: Span::ZERO, repeat_interval: None, with: None }
    }

    /// An action that has a receiver of its own, which is named by its id: a mail, and this is all that is said of it.
    pub fn by_mail(mail: &str, after: Span, repeat_interval: Option<Span>) -> Action {
        let id = hash(&[MAIL.as_bytes(), &[0xff], mail.as_bytes()], after, repeat_interval);
        let receiver = format!("{MAIL}{:016x}", id.0).into();
        Action { id, receiver, after, repeat_interval, with: None }
    }
}

/// The names of receivers that an action has of its own begin so; no other receiver's does.
const MAIL: &str = "mail/";

/// Whether a name is one that only an action's own receiver has.
pub fn is_receiver_of_action(receiver: &str) -> bool {
    receiver.starts_with(MAIL)
}

fn hash(parts: &[&[u8]], after: Span, repeat_interval: Option<Span>) -> ActionId {
    let mut hash = Sha256::new();
    hash.update(after.as_ms().to_be_bytes());
    hash.update(repeat_interval.map_or(-1, Span::as_ms).to_be_bytes());
    parts.iter().for_each(|part| hash.update(part));
    let digest = hash.finalize();
    let first = digest.first_chunk().expect("SHA-256 has more than eight bytes");
    ActionId(u64::from_be_bytes(*first))
}

/// How messages leave for one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverPolicy {
    /// Whether it hears of recoveries (12.6).
    pub send_resolved: bool,
    /// What is due within this of the first leaves together (12.3).
    pub group_wait: Span,
    /// After so long a message is parked (12.4).
    pub give_up_after: Span,
    /// The most deliveries in one of its messages (12.3); at least 1.
    pub max_members: usize,
    /// Whether it is told in the job's own words: comments, and what a job wrote.
    pub include_output: bool,
}

impl ReceiverPolicy {
    /// The `group_wait` of a receiver that says nothing else.
    pub const GROUP_WAIT: Span = Span::secs(5);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 12.1b, 12.8c: ids are stored, and what differs has another one.
    #[test]
    fn all_of_an_action_is_in_its_id() {
        let after = Span::secs(30);
        let plain = Action::new("shop".into(), after, None);
        let mail = Action::by_mail("to john", after, None);
        let all = [
            plain.clone(),
            plain.clone().with("{}"),
            plain.clone().with("[]"),
            Action::new("shop".into(), after, Some(after)),
            Action::new("shop".into(), Span::ZERO, None),
            Action::new("mail".into(), after, None),
            mail.clone(),
            Action::by_mail("to jane", after, None),
            Action::by_mail("to john", Span::ZERO, None),
        ];
        let ids: std::collections::BTreeSet<ActionId> = all.iter().map(|action| action.id).collect();
        assert_eq!(ids.len(), all.len());
        assert_eq!(plain.id, ActionId(0x98cdfc5188cfb566), "as it is stored");
        assert!(is_receiver_of_action(&mail.receiver) && !is_receiver_of_action("mail"));
        assert_eq!(&*mail.receiver, format!("mail/{:016x}", mail.id.0));
    }
}
