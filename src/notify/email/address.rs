//! Mail addresses.

use lettre::Address;
use lettre::message::Mailbox;

use crate::yaml::fault::{At, Log, quote};

/// Why a receiver has no valid mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text is neither `a@b` nor `Name <a@b>`.
    #[error("`{0}` is no mail address")]
    Address(String),
    /// The list of recipients is empty.
    #[error("mail needs at least one recipient")]
    NoRecipient,
}

/// Parses an address, with its domain in ASCII (A-labels, RFC 5891), which every server takes.
pub(super) fn parse(text: &str) -> Result<Mailbox, AddressError> {
    let fault = || AddressError::Address(text.to_owned());
    let mut mailbox = text.parse::<Mailbox>().map_err(|_| fault())?;
    if !mailbox.email.domain().is_ascii() {
        let domain = idna::domain_to_ascii(mailbox.email.domain()).map_err(|_| fault())?;
        mailbox.email = Address::new(mailbox.email.user(), domain).map_err(|_| fault())?;
    }
    Ok(mailbox)
}

/// Whether the address works with a server that does not support UTF-8 (RFC 6531).
pub(super) fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

/// Faults a text that is no mail address.
pub(crate) fn check_address(at: At, text: &str, log: &mut Log) {
    if !is_mail_address(text) {
        let message =
            format!("{} is no mail address: write `a@example.org` or `Name <a@example.org>`", quote(text));
        log.fault(at, message);
    }
}

/// Whether a text is a mail address and is shown as it is. A name that looks encoded (RFC 2047) would be shown as
/// something else.
pub fn is_mail_address(text: &str) -> bool {
    !text.contains(char::is_control) && !text.contains("=?") && text.parse::<Mailbox>().is_ok()
}
