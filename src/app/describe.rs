//! What somebody says of a check that they make or change: judged as in a file, and by what only this server knows.

use super::edit::EditNotDone;
use super::services::Services;
use crate::config::{Described, DescribedError, DescribedFault, read_check};
use crate::core::check::Definition;
use crate::store::EditError;

/// Judges the description of a check, in JSON with the words of `checks:`; `before` is what the check is now, if it is there.
pub fn describe(
    services: &Services,
    json: &[u8],
    before: Option<&Definition>,
) -> Result<Described, DescribedError> {
    let described = read_check(json, before.map(|before| &before.name))?;
    if before.is_some() && described.paused.is_some() {
        let message = "a check that is there is paused by POST /api/v1/checks/NAME/pause or on its page, and unpaused by \
                       …/unpause or there";
        return Err(only("/paused", message));
    }
    // A file's rule: new addresses need a mail server.
    let emails = &described.definition.emails;
    let is_as_before = before.is_some_and(|before| before.emails == *emails);
    if !emails.is_empty() && !is_as_before && !services.in_force.audience().can_mail {
        return Err(only("/emails", "mail needs the section `smtp`, which is missing in the configuration"));
    }
    Ok(described)
}

/// What of a description keeps it from being carried out; none: that is no matter of a single key.
pub fn faults_of(why: &EditNotDone) -> Vec<DescribedFault> {
    let keys: &[&str] = match why {
        EditNotDone::Refused(EditError::UnknownDependency(_) | EditError::DependencyCircle(_)) => {
            &["depends_on"]
        }
        EditNotDone::KnownElsewhere { names, .. } => names,
        _ => &[],
    };
    keys.iter().map(|key| fault(&format!("/{key}"), why.to_string())).collect()
}

fn only(pointer: &str, message: &str) -> DescribedError {
    DescribedError::Faults { list: vec![fault(pointer, message.to_owned())], omitted: 0 }
}

fn fault(pointer: &str, message: String) -> DescribedFault {
    DescribedFault { pointer: pointer.to_owned(), message }
}
