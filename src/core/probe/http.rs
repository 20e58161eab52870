//! `http`: what an HTTP request must come to (17.12).

use std::sync::Arc;

use crate::core::time::Span;

/// A request, and what its answer must be like (17.12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpProbe {
    /// `http` or `https`, without a password.
    pub url: Arc<str>,
    /// So long a look may take; never more than half of its period (17.6).
    pub timeout: Span,
    /// The statuses that are well, from and to.
    pub statuses: Arc<[(u16, u16)]>,
    /// A regular expression that matches in the first [`HttpProbe::MAX_BODY_BYTES`] of the body; "": any body is well.
    pub body: Arc<str>,
    pub json: Arc<[JsonCondition]>,
    /// The certificate is good for longer than this.
    pub certificate_expires_in: Option<Span>,
    pub follows_redirects: bool,
    /// No answer says nothing, where another check watches that.
    pub unreachable_is_unknown: bool,
}

impl HttpProbe {
    /// How much of a body is looked at.
    pub const MAX_BODY_BYTES: usize = 1 << 20;
    /// The longest chain of redirects that is followed.
    pub const MAX_REDIRECTS: usize = 5;
    /// The most conditions of JSON, and of ranges of statuses.
    pub const MAX_CONDITIONS: usize = 16;
    /// `timeout` where nothing is said.
    pub const DEFAULT_TIMEOUT: Span = Span::secs(10);
    /// `status` where nothing is said.
    pub const DEFAULT_STATUSES: [(u16, u16); 1] = [(200, 299)];

    /// A request of which nothing is said but its URL.
    pub fn of(url: Arc<str>) -> HttpProbe {
        HttpProbe {
            url,
            timeout: HttpProbe::DEFAULT_TIMEOUT,
            statuses: HttpProbe::DEFAULT_STATUSES.into(),
            body: Arc::default(),
            json: Arc::default(),
            certificate_expires_in: None,
            follows_redirects: true,
            unreachable_is_unknown: false,
        }
    }
}

/// What a value of a JSON document must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonCondition {
    /// Where the value stands (RFC 6901).
    pub pointer: Arc<str>,
    pub is: JsonTest,
}

/// Each with a value as JSON writes it, or a regular expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum JsonTest {
    Equals(Arc<str>),
    NotEquals(Arc<str>),
    Matches(Arc<str>),
    Above(Arc<str>),
    Below(Arc<str>),
}
