//! Random numbers, which spread retries so that not all come at once.

use crate::core::outbox::Message;

/// Spreads retries, the same way in every run of one database.
pub(in crate::store) fn entropy(database_id: i64, message: &Message) -> u64 {
    let seed = database_id.cast_unsigned() ^ message.id.0.rotate_left(32) ^ u64::from(message.attempts);
    // The last step of SplitMix64: every bit of the seed moves every bit of the answer.
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
