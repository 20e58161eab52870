//! Why a receiver cannot be reached as it is configured.

use super::email::AddressError;
use super::webhook::TemplateError;

/// Why no transport can be built for a receiver: a fault in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A webhook's template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A mail address is wrong.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A mail receiver without the `smtp` section.
    #[error("mail needs `smtp: {{host: …, from: …}}`")]
    NoMailServer,
}
