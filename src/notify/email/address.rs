//! Addresses of mail.

use lettre::Address;
use lettre::message::Mailbox;

/// Why nobody can be sent mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither `a@b` nor `Name <a@b>`.
    #[error("`{0}` is no mail address")]
    Address(String),
    /// Nobody to send to.
    #[error("mail needs at least one recipient")]
    NoRecipient,
}

/// With the domain as every server takes it: in ASCII (A-labels, RFC 5891).
pub(super) fn parse(text: &str) -> Result<Mailbox, AddressError> {
    let fault = || AddressError::Address(text.to_owned());
    let mut mailbox = text.parse::<Mailbox>().map_err(|_| fault())?;
    if !mailbox.email.domain().is_ascii() {
        let domain = idna::domain_to_ascii(mailbox.email.domain()).map_err(|_| fault())?;
        mailbox.email = Address::new(mailbox.email.user(), domain).map_err(|_| fault())?;
    }
    Ok(mailbox)
}

/// Whether it needs no server that takes UTF-8 (RFC 6531).
pub(super) fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}
