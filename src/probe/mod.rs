//! Looks of punctual's own: one file a kind. A look decides nothing that outlives it, and ends in time whatever the other
//! side does.
//!
//! A new kind is a variant of [`FoundBy`], its keys in `src/config`, and a file here.

mod http;
mod within;

use crate::core::assertion::FoundBy;
use crate::core::probe::{ProbeFound, time_out};
use crate::core::time::{Span, Time};

use http::HttpLooker;

/// Looks, by whatever way a check says.
#[derive(Debug, Default)]
pub struct Looker {
    http: HttpLooker,
}

impl Looker {
    /// Looks once, at `now`; never for longer than half of the period (17.6). What a program reports is unknown here.
    pub async fn look(&self, found_by: &FoundBy, period: Option<Span>, now: Time) -> ProbeFound {
        let within = |asked: Span| time_out(asked, period);
        match found_by {
            FoundBy::Reporter(_) => ProbeFound::unknown("a program reports it, and punctual does not look"),
            FoundBy::Http(probe) => self.http.look(probe, within(probe.timeout), now).await,
        }
    }
}
