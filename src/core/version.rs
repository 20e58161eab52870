//! The version of the program.

/// The version, as in `Cargo.toml`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, or `unknown` (`build.rs`).
pub const COMMIT: &str = env!("PUNCTUAL_COMMIT");
/// Both, for people.
pub const LINE: &str = concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("PUNCTUAL_COMMIT"), ")");
