use super::super::task::Look;
use super::*;
use crate::core::assertion::{Assertion, AssertionResult, Finds, Outcome};
use crate::core::blind::BlindWindows;
use crate::core::check::{Definition, Name, Source, Spec};
use crate::core::fixtures::probed_at;
use crate::core::probe::{ExecLimits, ExecProbe, PromqlProbe, SqlProbe};
use crate::core::schedule::Schedule;
use crate::core::state::State;
use crate::core::step::{Input, step};
use crate::core::window::WindowCount;
use crate::store::live::Known;

fn probed(id: u64, mins: i64) -> Arc<Check> {
    asserting(id, mins, probed_at("http://127.0.0.1/"))
}

fn command(id: u64, mins: i64) -> Arc<Check> {
    let line = ["/bin/true".into()].into();
    let (timeout, limits) = (ExecProbe::DEFAULT_TIMEOUT, ExecLimits::default());
    let exec = ExecProbe { line, timeout, limits, names_records: false };
    asserting(id, mins, Assertion { found_by: FoundBy::Exec(exec), ..probed_at("") })
}

fn asserting(id: u64, mins: i64, assertion: Assertion) -> Arc<Check> {
    let assert = Some(assertion.into());
    let spec = Spec { assert, ..Spec::new(Schedule::Every(Span::mins(mins))) };
    let state = State::declared(&spec, start() - Span::mins(600));
    let known = Known { state, window: WindowCount::new(Span::mins(1)) };
    let name = Name::parse(&format!("c{id}")).expect("it is one");
    Arc::new(Check::new(CheckId(id), Definition::new(name, spec, Source::Api).into(), known))
}

fn query(id: u64, database: &str) -> Arc<Check> {
    let sql = SqlProbe {
        database: database.into(),
        query: "select 1".into(),
        key: Arc::default(),
        title: Arc::default(),
        wants_some: false,
        timeout: SqlProbe::DEFAULT_TIMEOUT,
    };
    asserting(id, 60, Assertion { found_by: FoundBy::Sql(sql), ..probed_at("") })
}

/// What a look came to at this time.
fn result_at(check: &Check, at: Time) {
    let result = AssertionResult::new(Outcome::Unknown, None);
    let mut known = check.known();
    let (spec, before) = (&check.definition.spec, known.state.clone());
    known.state = step(spec, before, &Input::Result(result), at, &BlindWindows::default()).state;
}

fn start() -> Time {
    Time::from_secs(1_800_000_000)
}

fn declared(checks: &[Arc<Check>]) -> Agenda {
    let mut agenda = Agenda::default();
    agenda.declare(checks.iter(), start());
    agenda
}

/// Begins all that are due.
fn begun(agenda: &mut Agenda, now: Time) -> Vec<u64> {
    std::iter::from_fn(|| agenda.begin(&LookLimits::default(), now)).map(|look| look.check.id.0).collect()
}

/// How many run, and how many of them are commands.
fn count(agenda: &Agenda) -> (usize, usize) {
    (agenda.running().all(), agenda.running().in_room(&LookRoom::Commands))
}

fn times(agenda: &Agenda) -> Vec<(u64, Time)> {
    let waiting = agenda.all.iter().filter(|(_, planned)| planned.running.is_none());
    let mut times: Vec<_> = waiting.map(|(id, planned)| (id.0, planned.due)).collect();
    times.sort_unstable();
    times
}

/// 17.6
#[test]
fn of_one_check_one_look_runs_at_a_time_and_what_is_due_meanwhile_is_skipped() {
    let one = probed(1, 1);
    let mut agenda = declared(std::slice::from_ref(&one));
    let first = agenda.next().expect("it is due");
    assert!(begun(&mut agenda, first - Span::MS).is_empty());
    assert_eq!(begun(&mut agenda, first), [1]);
    assert_eq!(agenda.next(), None, "it runs");
    let ended = first + Span::mins(3);
    assert!(begun(&mut agenda, ended).is_empty());
    assert_eq!(agenda.end(one.id, LookEnd::Done, ended), 3);
    let next = agenda.next().expect("it is due again");
    assert!(next > ended && next - ended <= Span::mins(1));
    assert_eq!(agenda.end(one.id, LookEnd::Done, ended), 0, "it does not run");
}

/// 17.6: those that wait for room begin in the order of their due times.
#[test]
fn no_more_run_than_there_is_room_for() {
    let all: Vec<_> = (0..10).map(|number| probed(number, 60)).collect();
    let mut agenda = declared(&all);
    let later = start() + Span::mins(2);
    let four = LookLimits { all: 4, ..LookLimits::default() };
    let looks: Vec<DueLook> = std::iter::from_fn(|| agenda.begin(&four, later)).collect();
    assert_eq!((looks.len(), agenda.running().all()), (4, 4));
    assert!(looks.is_sorted_by_key(|look| look.due));
    agenda.end(looks[2].check.id, LookEnd::Done, later);
    let fifth = agenda.begin(&four, later).expect("there is room again");
    assert!(fifth.due >= looks[3].due && agenda.begin(&four, later).is_none());
}

/// 17.6b: commands that wait for each other hold up nothing else, and are told as waiting.
#[test]
fn eight_commands_run_at_a_time_while_other_looks_go_on() {
    let all: Vec<_> = (0..20).map(|id| command(id, 60)).chain((20..120).map(|id| probed(id, 60))).collect();
    let mut agenda = declared(&all);
    let later = start() + Span::mins(2);
    let looks: Vec<DueLook> = std::iter::from_fn(|| agenda.begin(&LookLimits::default(), later)).collect();
    assert_eq!(count(&agenda), (64, 8));
    let (commands, others): (Vec<_>, Vec<_>) = looks.iter().partition(|look| look.check.id.0 < 20);
    assert_eq!((commands.len(), others.len()), (8, 56));
    assert!(commands.is_sorted_by_key(|look| look.due) && others.is_sorted_by_key(|look| look.due));
    for other in &others {
        agenda.end(other.check.id, LookEnd::Done, later);
    }
    assert!(begun(&mut agenda, later).iter().all(|id| *id >= 20), "no command has ended");
    assert_eq!((count(&agenda).1, agenda.is_due(later)), (8, true));
    agenda.end(commands[3].check.id, LookEnd::Done, later);
    let ninth = agenda.begin(&LookLimits::default(), later).expect("a command has ended");
    assert!(ninth.check.id.0 < 20 && ninth.due >= commands[7].due);
}

/// 17.6b: those that wait for a database hold up nothing else, not even at another one.
#[test]
fn so_many_look_at_a_database_at_a_time_as_it_takes() {
    let slow = (0..20).map(|id| query(id, "slow"));
    let all: Vec<_> = slow.chain((20..30).map(|id| query(id, "main"))).chain([probed(30, 60)]).collect();
    let mut agenda = declared(&all);
    let later = start() + Span::mins(2);
    let limits = LookLimits::with_databases([(Arc::from("slow"), 2)].into_iter());
    let looks: Vec<DueLook> = std::iter::from_fn(|| agenda.begin(&limits, later)).collect();
    let (slow, others): (Vec<_>, Vec<_>) = looks.iter().partition(|look| look.check.id.0 < 20);
    assert_eq!((slow.len(), others.len()), (2, SqlProbe::DEFAULT_CONNECTIONS + 1), "of others each has four");
    assert!(slow.is_sorted_by_key(|look| look.due) && others.is_sorted_by_key(|look| look.due));
    agenda.end(slow[0].check.id, LookEnd::Done, later);
    let third = agenda.begin(&limits, later).expect("one has ended");
    assert!(third.check.id.0 < 20 && third.due >= slow[1].due);
    assert!(agenda.begin(&limits, later).is_none());
}

/// 17.6b: what is due and has no room lets nobody oversleep what has.
#[test]
fn what_comes_next_is_known_while_commands_wait() {
    let all: Vec<_> = (0..9).map(|id| command(id, 60)).chain([probed(9, 60)]).collect();
    let mut agenda = declared(&all);
    let later = start() + Span::mins(2);
    assert_eq!(begun(&mut agenda, later).len(), 9);
    agenda.end(CheckId(9), LookEnd::Done, later);
    assert!(agenda.next().is_some_and(|due| due <= later), "the ninth command");
    let next = agenda.next_after(later).expect("it is looked at again");
    assert_eq!(begun(&mut agenda, next), [9]);
}

/// 17.6b: a command counts until it ends, whatever the check asserts by then.
#[test]
fn a_command_counts_as_one_until_it_ends() {
    let mut agenda = declared(&[command(1, 60)]);
    let later = start() + Span::mins(2);
    assert_eq!(begun(&mut agenda, later), [1]);
    agenda.declare([probed(1, 60)].iter(), later);
    assert_eq!(count(&agenda), (1, 1));
    agenda.end(CheckId(1), LookEnd::NotWanted, later);
    assert_eq!(agenda.running(), &LookCount::default());
    assert_eq!(begun(&mut agenda, later + Span::mins(1)), [1]);
    assert_eq!(count(&agenda), (1, 0));
}

/// 17.5b: what is looked at as before keeps its times, what is not goes, and a result that is there is not looked for again;
/// a result of what was asserted before is none.
#[test]
fn a_reload_moves_only_what_it_changes() {
    let (kept, changed, gone, new) = (probed(1, 60), probed(2, 60), probed(3, 60), probed(4, 60));
    for check in [&kept, &changed, &gone] {
        result_at(check, start());
    }
    let mut agenda = declared(&[kept.clone(), changed, gone.clone()]);
    let before = times(&agenda);
    assert!(before.iter().all(|(_, due)| *due > start()), "{before:?}");
    let now = start() + Span::secs(5);
    agenda.declare([kept, probed(2, 30), new].iter(), now);
    let after = times(&agenda);
    assert_eq!(after.len(), 3);
    assert_eq!(after[0], before[0]);
    assert!(after[1..].iter().all(|(_, due)| *due - now < Span::mins(1)), "{after:?}");
    agenda.end(gone.id, LookEnd::Done, now);
    assert_eq!(times(&agenda), after);
}

/// 17.6a
#[test]
fn what_is_removed_counts_until_its_look_ends_and_no_second_begins_beside_it() {
    let (one, other) = (probed(1, 1), probed(2, 1));
    let mut agenda = declared(&[one.clone(), other.clone()]);
    let now = start() + Span::mins(2);
    assert_eq!(begun(&mut agenda, now).len(), 2);
    agenda.declare([].iter(), now);
    assert_eq!(agenda.running().all(), 2);
    agenda.declare([one.clone()].iter(), now);
    assert!(begun(&mut agenda, now + Span::mins(1)).is_empty());
    agenda.end(other.id, LookEnd::Done, now);
    assert_eq!((agenda.running().all(), agenda.next()), (1, None));
    agenda.end(one.id, LookEnd::NotWanted, now);
    assert_eq!(begun(&mut agenda, now + Span::mins(1)), [1]);
}

/// 17.5b: asserted otherwise and as before again between two looks round, it knows nothing any more.
#[test]
fn what_has_forgotten_its_results_is_looked_at_at_once() {
    let one = probed(1, 600);
    result_at(&one, start());
    let mut agenda = declared(&[one]);
    let renamed = probed(1, 600);
    result_at(&renamed, start());
    agenda.declare([renamed].iter(), start());
    assert!(agenda.next().is_some_and(|due| due - start() > Span::mins(2)));
    agenda.declare([probed(1, 600)].iter(), start());
    assert!(agenda.next().is_some_and(|due| due - start() <= Span::mins(1)));
}

/// 17.5b: paused, it is looked for again, and at once when that is over.
#[test]
fn what_is_paused_is_looked_at_soon_after() {
    let one = probed(1, 600);
    let mut agenda = declared(std::slice::from_ref(&one));
    let now = start() + Span::mins(2);
    assert_eq!(begun(&mut agenda, now), [1]);
    assert_eq!(agenda.end(one.id, LookEnd::NotWanted, now), 0);
    assert_eq!(agenda.next(), Some(now + Span::secs(1)));
}

/// 17.5b: also where no look fell due in the pause, and where the check was in the archive.
#[test]
fn after_a_pause_or_the_archive_nothing_is_known_of_now() {
    let (paused, archived) = (probed(1, 600), probed(2, 600));
    for check in [&paused, &archived] {
        result_at(check, start());
    }
    let mut agenda = declared(&[paused.clone(), archived.clone()]);
    let now = start() + Span::mins(5);
    agenda.look_for_ends_of_pauses(now);
    assert!(agenda.next().is_some_and(|due| due - now > Span::mins(1)), "nothing was paused");
    agenda.declare([paused.clone()].iter(), now);
    // Both are armed anew: the one by the end of its pause, the other by its return.
    for check in [&paused, &archived] {
        check.known().state.armed_since = now;
    }
    agenda.look_for_ends_of_pauses(now);
    assert!(agenda.next().is_some_and(|due| due - now <= Span::mins(1)));
    agenda.declare([paused, archived].iter(), now);
    assert!(times(&agenda).iter().all(|(_, due)| *due - now <= Span::mins(1)), "{:?}", times(&agenda));
}

/// 17.3b, 17.5b, 18.8: how a row is called and how long a look may take is another look of the same; whether rows are records is
/// not.
#[test]
fn a_title_and_a_time_out_move_nothing_and_records_do() {
    let with = |title: &str, timeout: Span, max_records: Option<u32>| {
        let one = probed(1, 600);
        let mut definition = (*one.definition).clone();
        let probe = PromqlProbe {
            prometheus: "main".into(),
            query: "up == 0".into(),
            key: Arc::default(),
            title: title.into(),
            timeout,
        };
        let found_by = FoundBy::Promql(probe);
        let assertion = Assertion { found_by, unknowns_before_alert: 3, max_records, finds: Finds::Lasting };
        Arc::make_mut(&mut definition.spec).assert = Some(assertion.into());
        let known = one.known().clone();
        Arc::new(Check::new(one.id, definition.into(), known))
    };
    let first = with("a", Span::secs(1), Some(7));
    result_at(&first, start());
    let mut agenda = declared(&[first]);
    let before = agenda.next();
    let named = with("b", Span::secs(2), Some(9));
    result_at(&named, start());
    agenda.declare([named].iter(), start());
    assert_eq!(agenda.next(), before);
    agenda.declare([with("b", Span::secs(2), None)].iter(), start());
    assert!(agenda.next().is_some_and(|due| due - start() <= Span::mins(1)));
}

/// 17.5c: nobody knows what a look has found that could not be stored.
#[test]
fn what_could_not_be_stored_is_looked_at_again_long_before_its_next_time() {
    let all: Vec<_> = (0..10).map(|number| probed(number, 600)).collect();
    let mut agenda = declared(&all);
    let now = start() + Span::mins(2);
    assert_eq!(begun(&mut agenda, now).len(), 10);
    for check in &all {
        assert_eq!(agenda.end(check.id, LookEnd::NotStored, now), 0);
    }
    let again: Vec<Span> = times(&agenda).iter().map(|(_, due)| *due - now).collect();
    assert!(again.iter().all(|wait| (Span::secs(1)..=Span::secs(61)).contains(wait)), "{again:?}");
    assert!(again.iter().max() > again.iter().min(), "{again:?}");
}

/// 1.1, 17.5d
#[test]
fn a_clock_that_is_set_back_delays_no_look_by_more_than_its_period() {
    let all: Vec<_> = (0..10).map(|number| probed(number, 10)).collect();
    let mut agenda = declared(&all);
    let wrong = start() + Span::mins(5_000_000);
    let running = agenda.begin(&LookLimits::default(), wrong).expect("it is due").check.id;
    while let Some(look) = agenda.begin(&LookLimits::default(), wrong) {
        agenda.end(look.check.id, LookEnd::Done, wrong);
    }
    assert!(agenda.next() > Some(wrong));
    agenda.bring_back_to(start());
    agenda.end(running, LookEnd::Done, start());
    let times = times(&agenda);
    assert_eq!(times.len(), 10);
    let is_soon = |due: Time| (Span::MS..=Span::mins(10)).contains(&(due - start()));
    assert!(times.iter().all(|(_, due)| is_soon(*due)), "{times:?}");
}

/// 17.6c, 17.10b
#[test]
fn a_look_should_end_when_its_time_is_over_or_half_of_its_period() {
    let ends = |mins| {
        let look = Look::new(&command(1, mins), start(), start()).expect("it is one");
        look.ends_by() - start()
    };
    assert_eq!((ends(60), ends(1)), (Span::mins(1), Span::secs(30)));
}
