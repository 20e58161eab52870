//! Reads the mutes (8.2).

use rusqlite::Connection;

use super::query::for_each;
use crate::core::route::{Matcher, Mute, Mutes};
use crate::core::time::Time;
use crate::store::StoreError;

/// All mutes. One that cannot be read is none: better heard once too often than never.
pub(super) fn load(db: &Connection) -> Result<Mutes, StoreError> {
    let mut mutes = Vec::new();
    for_each(db, "SELECT id, matchers, until, since, comment, by FROM mutes ORDER BY id", |row| {
        let text: String = row.get(1)?;
        match Matcher::parse_list(&text) {
            Ok(matchers) => mutes.push(Mute {
                id: row.get::<_, i64>(0)?.unsigned_abs(),
                matchers,
                text,
                until: Time::from_ms(row.get(2)?),
                since: Time::from_ms(row.get(3)?),
                comment: row.get(4)?,
                by: row.get(5)?,
            }),
            Err(error) => {
                tracing::error!(matchers = text, %error, "a mute cannot be read, and holds nothing");
            }
        }
        Ok(Ok(()))
    })?;
    Ok(Mutes::new(mutes))
}
