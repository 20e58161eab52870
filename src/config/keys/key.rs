//! What is known of a key.

use crate::core::time::Span;

/// The sections, each a mapping of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Section {
    Main,
    CheckFile,
    Smtp,
    Auth,
    PingKey,
    Token,
    Compat,
    CompatSystem,
    Alerting,
    Alertmanager,
    HttpConfig,
    Authorization,
    BasicAuth,
    TlsConfig,
    Receiver,
    Email,
    Webhook,
    Responder,
    Action,
    Retention,
    PingRetention,
    Defaults,
    Check,
    Expect,
    Quiet,
}

#[derive(Debug)]
pub(in crate::config) struct Key {
    pub(in crate::config) name: &'static str,
    pub(in crate::config) kind: Kind,
    pub(in crate::config) need: Need,
    pub(in crate::config) doc: &'static str,
}

/// The kind of a key's value.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) enum Kind {
    /// A text on one line, of at most this many bytes.
    Text(usize),
    /// A text of several lines, of at most this many bytes.
    Lines(usize),
    /// A text that is never shown.
    Secret,
    /// The path of a file, relative to the file that names it.
    Path,
    /// A text, or a list of texts.
    Texts,
    /// A duration between these two.
    Duration(Span, Span),
    /// A whole number between these two.
    Whole(u64, u64),
    /// A number of bytes with its unit.
    Size,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A mapping of label names to values.
    Labels,
    /// A mapping of keys.
    Map(Section),
    /// A list of mappings of keys.
    List(Section),
    /// Known, but not built yet.
    Later,
}

/// Whether a key is required.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) enum Need {
    Required,
    /// May be left out, which has a meaning of its own.
    Optional,
    /// May be left out, and then has this value.
    Default(&'static str),
}

pub(super) const fn key(name: &'static str, kind: Kind, need: Need, doc: &'static str) -> Key {
    Key { name, kind, need, doc }
}

pub(super) const SECOND: Span = Span::secs(1);
pub(super) const MINUTE: Span = Span::mins(1);
pub(super) const HOUR: Span = Span::mins(60);
pub(super) const DAY: Span = Span::mins(24 * 60);
pub(super) const YEAR: Span = Span::mins(365 * 24 * 60);
pub(super) const TEN_YEARS: Span = Span::mins(10 * 365 * 24 * 60);
pub(super) const MONTH: Span = Span::mins(31 * 24 * 60);
pub(super) const WEEK: Span = Span::mins(7 * 24 * 60);

/// The longest name of a receiver, a ping key or a group, in bytes.
pub(super) const NAME: usize = 128;
pub(super) const URL: usize = 2048;
/// The most checks of a server, and the default of `max_checks`.
pub const MAX_CHECKS: usize = 1_000_000;
/// The default of `grace`.
pub(in crate::config) const DEFAULT_GRACE: Span = Span::mins(5);
