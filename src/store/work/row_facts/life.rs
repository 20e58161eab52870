//! Facts of the rows of punctual itself.

use super::{RowPlace, at, call};
use crate::core::blind::Window;
use crate::core::route::{Matcher, Mute};
use crate::core::time::{Span, Time};
use crate::store::work::{Lost, Rows};

fn window(from: i64, to: i64) -> Window {
    Window { from: at(from), to: at(to) }
}

/// One that no row holds yet.
pub(super) fn mute(until: Time) -> Mute {
    Mute {
        id: 0,
        matchers: Matcher::parse_list("check=\"a\"").expect("it is a matcher"),
        text: "check=\"a\"".to_owned(),
        until,
        since: at(0),
        comment: "night".to_owned(),
        by: "alice".to_owned(),
    }
}

pub(in crate::store) fn windows_that_touch_are_one_and_none_outlasts_a_cut(place: &mut dyn RowPlace) {
    call(place, |rows| {
        rows.add_window(window(0, 10), Lost::Away)?;
        rows.add_window(window(10, 20), Lost::Away)?;
        rows.add_window(window(30, 40), Lost::Unread)?;
        rows.add_window(window(50, 60), Lost::Away)?;
        Ok(())
    });
    let windows = |rows: &dyn Rows| rows.blind().unwrap().iter().copied().collect::<Vec<_>>();
    place.open_again();
    call(place, |rows| {
        assert_eq!(windows(rows), [window(0, 20), window(30, 40), window(50, 60)]);
        assert_eq!(rows.blind()?.absent_after(at(5)), Span::secs(25), "we were there from 30 to 40");
        rows.cut_windows(at(35))?;
        assert_eq!(windows(rows), [window(0, 20), window(30, 35)], "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(windows(rows), [window(0, 20), window(30, 35)]);
        Ok(())
    });
}

pub(in crate::store) fn a_sign_of_life_and_the_total_are_as_last_put(place: &mut dyn RowPlace) {
    let id = call(place, |rows| {
        rows.put_created(at(1))?;
        rows.put_sign_of_life(at(3))?;
        rows.put_sign_of_life(at(2))?;
        rows.put_blind_total(Span::secs(4))?;
        rows.put_doubted(Span::secs(6))?;
        rows.put_doubted(Span::secs(5))?;
        rows.database_id()
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(rows.database_id()?, id);
        let found = (rows.created()?, rows.last_sign_of_life()?, rows.blind_total()?);
        assert_eq!(found, (Some(at(1)), Some(at(2)), Span::secs(4)));
        assert_eq!(rows.doubted()?, Span::secs(5));
        Ok(())
    });
}

pub(in crate::store) fn mutes_end_where_they_say_and_where_somebody_says(place: &mut dyn RowPlace) {
    let ids = call(place, |rows| {
        Ok([
            rows.insert_mute(mute(at(10)))?,
            rows.insert_mute(mute(at(20)))?,
            rows.insert_mute(mute(at(30)))?,
        ])
    });
    let known =
        |rows: &dyn Rows| rows.mutes().unwrap().iter().map(|mute| (mute.id, mute.until)).collect::<Vec<_>>();
    place.open_again();
    call(place, |rows| {
        assert_eq!(known(rows), [(ids[0], at(10)), (ids[1], at(20)), (ids[2], at(30))]);
        rows.delete_ended_mutes(at(10))?;
        rows.delete_mute(ids[1])?;
        rows.update_mute(&Mute { id: ids[2], ..mute(at(25)) })?;
        assert_eq!(known(rows), [(ids[2], at(25))], "at once");
        Ok(())
    });
    place.open_again();
    call(place, |rows| {
        assert_eq!(known(rows), [(ids[2], at(25))]);
        let said = (rows.mutes()?[0].comment.as_str(), rows.mutes()?[0].by.as_str());
        assert_eq!(said, ("night", "alice"));
        Ok(())
    });
}
