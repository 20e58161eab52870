//! Facts of the rows of what has happened to checks.

use super::{RowPlace, at, call, declared, success};
use crate::core::check::{CheckId, PingKind};
use crate::core::step::PingEffect;
use crate::store::StoreError;
use crate::store::work::{KeptAs, NewPing, OldHappenings, Rows};

fn ping(rows: &mut dyn Rows, check: CheckId, second: i64, body: &str) -> Result<i64, StoreError> {
    rows.to_change(check)?;
    let counted = Some(PingEffect { repeat: false, success: true, duration: None });
    let keeps_body = !body.is_empty();
    rows.insert_ping(NewPing {
        check,
        at: at(second),
        fact: &success(body),
        counted,
        is: KeptAs::Ping,
        keeps_body,
    })?;
    rows.last_ping(check)
}

pub(in crate::store) fn pings_are_numbered_and_each_knows_the_one_before_it(place: &mut dyn RowPlace) {
    let (a, numbers) = call(place, |rows| {
        let (a, b) = (declared(rows, "a")?, declared(rows, "b")?);
        assert_eq!(rows.last_ping(a)?, 0, "none");
        let first = ping(rows, a, 1, "")?;
        let other = ping(rows, b, 2, "")?;
        Ok((a, [first, other, ping(rows, a, 3, "")?]))
    });
    assert!(numbers.is_sorted() && numbers[0] > 0 && numbers[1] < numbers[2]);
    place.open_again();
    call(place, |rows| {
        let said = rows.ping(a, numbers[2])?.expect("it was written");
        assert_eq!((said.kind, said.run.at, said.previous), (Some(PingKind::Success), at(3), numbers[0]));
        assert!(rows.ping(a, numbers[1])?.is_none(), "it is another check's");
        assert_eq!(rows.last_ping(a)?, numbers[2]);
        assert!(ping(rows, a, 4, "")? > numbers[2]);
        Ok(())
    });
}

pub(in crate::store) fn a_pings_body_counts_until_it_goes(place: &mut dyn RowPlace) {
    let (a, first, second) = call(place, |rows| {
        let a = declared(rows, "a")?;
        Ok((a, ping(rows, a, 1, "12345")?, ping(rows, a, 2, "123")?))
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!((rows.body_bytes()?, rows.oldest_body()?), (8, Some(first)));
        assert!(rows.delete_body(first)?);
        assert!(!rows.delete_body(first)?);
        assert_eq!((rows.body_bytes()?, rows.oldest_body()?), (3, Some(second)));
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.body_bytes()?, 3);
        let said = |number: i64| rows.ping(a, number).map(|said| said.and_then(|said| said.body));
        assert_eq!((said(first)?, said(second)?), (None, Some(b"123".to_vec())));
        Ok(())
    });
}

pub(in crate::store) fn of_events_the_oldest_go_and_the_newest_stay(place: &mut dyn RowPlace) {
    let a = call(place, |rows| {
        let a = declared(rows, "a")?;
        for second in 1..=10 {
            rows.insert_happening(a, at(second), &second.to_string())?;
        }
        Ok(a)
    });
    let texts = |rows: &dyn Rows| -> Result<Vec<String>, StoreError> {
        Ok(rows.newest_happenings(a, 100)?.into_iter().map(|(_, text)| text).collect())
    };
    call(place, |rows| {
        assert_eq!((rows.count_happenings(a)?, rows.oldest_happening(a)?), (10, Some(at(1))));
        rows.delete_happenings(a, OldHappenings { over: 2, before: at(0), kept: 3 })?;
        assert_eq!(texts(rows)?, ["10", "9", "8", "7", "6", "5", "4", "3"], "too many");
        rows.delete_happenings(a, OldHappenings { over: 0, before: at(5), kept: 3 })?;
        assert_eq!(texts(rows)?, ["10", "9", "8", "7", "6", "5"], "too old");
        rows.delete_happenings(a, OldHappenings { over: 0, before: at(50), kept: 3 })?;
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(texts(rows)?, ["10", "9", "8"], "old, but the newest");
        assert_eq!((rows.count_happenings(a)?, rows.newest_happenings(a, 1)?.len()), (3, 1));
        Ok(())
    });
}
