//! What a caller needs, row by row of the route table. The user at the socket of the data folder may do everything.

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Whoever reaches the port.
    Nothing,
    /// Whoever has a ping key, where there are keys: the handler of pings asks for it.
    PingKey,
    /// Whoever reaches the port, if `--web.enable-lifecycle` is given.
    Lifecycle,
    /// Whoever has a token of scope `read` or more, or signed in with one; or whoever reaches the port, if the configuration says
    /// so, or has no tokens (23.2).
    Read,
    /// The same; browsers are led to where one signs in.
    Page,
    /// Whoever reaches the port; or, if the configuration says so, whoever has a token of scope `read` or more.
    Metrics,
    /// Whoever may do what a form of a page is for: its handler asks (23.4).
    Form,
    /// Whoever has a token of scope `ping`, `operate` or `write`.
    Ping,
    /// The same; and whoever may ping without showing anything needs to be one who may read, too: it tells of checks (17.9).
    Due,
    /// Whoever has a token of scope `operate` or `write` (23.1).
    Operate,
    /// Whoever has a token of scope `write`.
    Write,
    /// Whoever knows the id of an alias, if the interface of its system is switched on: its handler asks.
    AliasId,
    /// Whoever has the `auth_key` of another system's interface, if that is switched on: its handler asks for the key.
    Compat(&'static str),
}

impl Needs {
    /// Whether people are known there by the name that a proxy gives (23.5).
    pub(super) fn knows_people(self) -> bool {
        matches!(self, Needs::Read | Needs::Due) || self.takes_passwords()
    }

    /// Whether they are known there by a password, too (23.9f).
    pub(super) fn takes_passwords(self) -> bool {
        matches!(self, Needs::Page | Needs::Form | Needs::Metrics)
    }
}
