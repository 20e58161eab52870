//! The configuration: the files that people write, and the validated [`Config`] that the rest of the program uses.
//!
//! Files are read by [`crate::yaml`] against one table of keys (`keys`) and become definitions, or faults. What says how
//! messages leave is read by [`crate::notify`]. Nothing above this room sees YAML, the path of a secret, or a default
//! that is not yet filled in.
//!
//! A new key of a check stands in five places: `src/config/keys/checks.rs` (also in `DEFAULTS`, if files may give a default),
//! `src/config/check.rs` reads it, `src/config/words.rs` writes it, `src/core/check.rs` holds it (in its `Spec` if it is
//! judged), and `src/store/row/definition.rs` stores it. The reference in docs/ is generated from the table.

mod access;
mod alerting;
mod assertion;
mod check;
mod client;
mod exec_probe;
mod form;
mod http_probe;
mod judged;
mod keys;
mod load;
mod model;
mod names;
mod query_probes;
mod reach;
mod receivers;
mod responders;
mod retention;
mod schema;
mod shown;
mod single;
#[cfg(test)]
mod tests;
mod times;
mod warnings;
mod web;
mod web_url;
mod words;

pub use crate::yaml::{ContentHash, DurationError, Fault, Faults, Inputs, Warning, nearest, parse_duration};
pub use access::SHORT_SECRET_BYTES;
pub use client::{
    ClientSettings, MAX_DESCRIPTIONS_BYTES, read_client_settings, read_descriptions, read_value,
};
pub use form::{CheckForm, FORM, FieldGroup, FieldKind, FieldProblem, FormField, REST, keys_of_rest};
pub use judged::{JudgedText, NotRead, judge};
pub use keys::{DoorKeys, KnownDoor, MAX_CHECKS};
pub use load::{ConfigFiles, load};
pub use model::{Compat, Config, Limit, Openness, Person, PingKey, Proxy, ProxyUser, Scope, Token, Trigger};
pub use reach::{Reach, Told, reach};
pub use schema::{schema, schema_for_editors};
pub use single::{Described, DescribedError, DescribedFault, read_check};
pub use web::{PersonHash, RateLimit, ServerTls, Web};
pub use words::{Words, words_of};
