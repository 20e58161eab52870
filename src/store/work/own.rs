//! Mails of checks' own leave through one mail server, and an address gets so many a minute (16.4).

use super::entropy::entropy;
use super::pace::Pace;
use super::rows::Rows;
use crate::core::check::CheckId;
use crate::core::outbox::{Attempt, Message, OwnMails, ServerTurn};
use crate::core::route::ReceiverName;
use crate::core::time::Time;
use crate::store::{Outgoing, StoreError};

/// Whether a mail must wait because an address of its check has had enough of them. It is looked at again when it need not,
/// and counted once.
pub(super) fn is_limited(rows: &mut dyn Rows, name: &ReceiverName, now: Time) -> Result<bool, StoreError> {
    let Some(check) = next_check(rows, name)? else { return Ok(false) };
    let definition = rows.definition(check)?;
    let free_at = rows.own_mails().free_at(&definition.emails, now);
    let pace = rows.pace(name);
    if pace.limited_until.is_none() && free_at.is_some() {
        rows.note_limited();
    }
    rows.set_pace(name, Pace { limited_until: free_at, ..pace });
    if free_at.is_some() && rows.own_mails().says_so(now) {
        let waiting = rows.limited(now);
        rows.story().say(move || {
            tracing::warn!(
                waiting, limit = OwnMails::A_MINUTE, check = %definition.name,
                "an address gets so many mails of checks' own a minute: those beyond wait"
            );
        });
    }
    Ok(free_at.is_some())
}

/// The check of which a receiver is told next.
fn next_check(rows: &dyn Rows, name: &ReceiverName) -> Result<Option<CheckId>, StoreError> {
    if let Some(message) = rows.next_retry(name)?
        && let Some(first) = rows.members(&message)?.first()
    {
        return Ok(Some(first.check));
    }
    if let Some(first) = rows.first_waiting(name)? {
        return Ok(Some(first.check));
    }
    match rows.resting_first(name)?.next() {
        Some(id) => Ok(rows.delivery(id)?.map(|delivery| delivery.check)),
        None => Ok(None),
    }
}

/// A mail leaves for the addresses that stand in it.
pub(super) fn count_own(rows: &mut dyn Rows, outgoing: &Outgoing, now: Time) {
    let emails = outgoing.notices.first().map_or(&[][..], |notice| &notice.emails);
    rows.own_mails().leaves(emails, now);
}

/// An attempt ended, and says whether the mail server takes anything.
pub(super) fn note_server(
    rows: &mut dyn Rows,
    message: &Message,
    attempt: &Attempt,
    now: Time,
) -> Result<(), StoreError> {
    let entropy = entropy(rows.database_id()?, message);
    let definition = match rows.members(message)?.first() {
        Some(member) => Some(rows.definition(member.check)?),
        None => None,
    };
    let emails = definition.as_ref().map_or(&[][..], |definition| &definition.emails);
    let own = rows.own_mails();
    let turn = own.ended(attempt, emails, now, entropy);
    // While it is in doubt one line has told of all of them.
    let is_one_told = turn.map_or(!own.is_in_doubt(), |turn| turn == ServerTurn::IsBack);
    let (message, attempt) = (message.clone(), attempt.clone());
    rows.story().say(move || {
        if let Some(turn) = turn {
            tell_of_server(turn, &attempt);
        }
        if is_one_told {
            tell_of_one(&message, &attempt);
        }
    });
    Ok(())
}

/// One line tells of all that wait.
fn tell_of_server(turn: ServerTurn, attempt: &Attempt) {
    let error = attempt.answer();
    match turn {
        ServerTurn::Rests(rest) if attempt.is_misdirected() => tracing::error!(
            seconds = rest.as_secs_f64(),
            error,
            "the mail server takes nothing, and the settings of `smtp` should be mended: mails of checks' own wait, and one \
             finds out whether it does again"
        ),
        ServerTurn::Rests(rest) => tracing::warn!(
            seconds = rest.as_secs_f64(),
            error,
            "the mail server takes nothing: mails of checks' own wait, and one finds out whether it does again"
        ),
        ServerTurn::IsInDoubt if attempt.is_misdirected() => tracing::error!(
            mailboxes = OwnMails::ENOUGH_REFUSED,
            error,
            "the mail server refused so many mailboxes in a row, and settings should be mended: mails of checks' own are tried \
             again, and nothing more is said of each"
        ),
        ServerTurn::IsInDoubt => tracing::warn!(
            mailboxes = OwnMails::ENOUGH_REFUSED,
            error,
            "the mail server answers, and took nothing for so many mailboxes in a row: mails of checks' own are tried again, \
             and nothing more is said of each"
        ),
        ServerTurn::IsBack => {
            tracing::info!("the mail server takes mails again: those of checks' own go on");
        }
    }
}

/// What the server said of one mail alone; what it takes is told where it is sent, and what it never will where it is given up.
fn tell_of_one(message: &Message, attempt: &Attempt) {
    let Message { receiver, attempts, .. } = message;
    match attempt {
        Attempt::Later { why, .. } => {
            tracing::warn!(%receiver, attempts, why, "message not taken, trying again later");
        }
        Attempt::Misdirected { why } => tracing::error!(
            %receiver, attempts, why,
            "the mail server refuses these addresses, not what the message says: they should be mended; trying again later"
        ),
        Attempt::Taken { .. } | Attempt::Unreachable { .. } | Attempt::Never { .. } => {}
    }
}
