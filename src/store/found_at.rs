//! Where a result comes from.

use std::net::IpAddr;
use std::sync::Arc;

use crate::core::assertion::Assertion;
use crate::core::time::Time;

/// Where a result comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum FoundAt {
    /// A client of this address.
    Client(IpAddr),
    /// Our own look, which began at this time, at what was asserted then (17.7b).
    Probe { assertion: Arc<Assertion>, begun: Time },
}
