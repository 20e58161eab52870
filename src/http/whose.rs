//! Which addresses are one: what is counted or bounded of each is so of all that somebody has.

use std::net::IpAddr;

/// Whoever has one address of IPv6 has all that begin with the same 64 bits.
pub(super) fn whose(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => {
            let mut parts = address.segments();
            parts[4..].fill(0);
            parts.into()
        }
    }
}
