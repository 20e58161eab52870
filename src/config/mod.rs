//! The configuration: files that people write, and the validated [`Config`] that the rest of the program sees.
//!
//! Nothing outside of this room sees YAML, a path of a secret or a default that is still to be filled in.

mod model;

pub use model::{Config, ContentHash, PingKey, Warning};
