//! A receiver that is mailed.

use crate::config::address::check_address;
use crate::core::receiver::{Email, ReceiverKind};
use crate::yaml::fields::Fields;
use crate::yaml::loader::Loader;

/// The addresses; a receiver of mail needs a mail server.
pub(super) fn read(loader: &mut Loader, item: &Fields<'_>, main: &Fields<'_>) -> Option<ReceiverKind> {
    if !main.has("smtp") {
        loader.log.fault(item.at_key("email"), "mail needs the section `smtp`, which is missing");
    }
    let fields = item.map(&mut loader.log, "email")?;
    let to = fields.texts(&mut loader.log, "to");
    to.iter().for_each(|(at, text)| check_address(*at, text, &mut loader.log));
    if to.is_empty() && fields.has("to") {
        loader.log.fault(fields.at_value("to"), "`to` needs at least one address");
    }
    Some(ReceiverKind::Email(Email { to: to.into_iter().map(|(_, text)| text.to_owned()).collect() }))
}
