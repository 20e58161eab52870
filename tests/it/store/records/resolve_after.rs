//! Records that were begun by themselves end by themselves after a time (18.9b).

use super::*;

const HOUR: Span = Span::mins(60);

fn resolving(after: Span) -> Assertion {
    let reported = Reported { resolve_after: Some(after), ..Reported::default() };
    Assertion { found_by: FoundBy::Reporter(reported), ..assertion(Some(10_000)) }
}

fn world_of(after: Option<Span>) -> World<Sqlite> {
    let mut world = World::new(Sqlite::default());
    world.assert_as(after);
    world
}

impl World<Sqlite> {
    fn assert_as(&mut self, after: Option<Span>) {
        let assertion = after.map_or_else(|| assertion(Some(10_000)), resolving);
        self.configuration.checks = vec![asserting("a", assertion)];
        self.configure().unwrap();
    }

    fn begin(&mut self, key: &str) {
        let begun = self.call(RecordOrder::Begin(record(key)));
        assert!(matches!(begun, RecordAnswer::Begun { .. }), "{begun:?}");
    }

    /// How many calls it takes until nothing is due.
    fn calls_until_quiet(&mut self) -> usize {
        (0..100).take_while(|_| self.expire() > 0).count()
    }
}

/// It is told as any recovery, and whoever begins it again puts that off.
#[test]
fn what_was_begun_ends_so_long_after_it_was_begun_the_last_time() {
    let mut world = world_of(Some(HOUR));
    world.begin("1");
    world.begin("2");
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Alert a 2 new, 2 open, 0 ended, 0 changed: 1 2"));
    world.wait(Span::mins(30));
    world.begin("2");
    world.reopen();
    world.wait(Span::mins(30) - GROUP_WAIT);
    assert_eq!(world.calls_until_quiet(), 0, "to the millisecond");
    world.wait(Span::MS);
    assert_eq!((world.calls_until_quiet(), world.state("a").records().open), (1, 1));
    world.wait(GROUP_WAIT);
    assert_eq!(world.all_told(), one("ops", "Recovery a 0 new, 1 open, 1 ended, 0 changed: 1"));
    world.apply("a", What::Pause { comment: None, by: None, until: None });
    world.wait(HOUR);
    assert_eq!((world.calls_until_quiet(), world.state("a").records().open), (1, 0), "in a pause, too");
    assert_eq!((world.state("a").records().begun, world.calls_until_quiet()), (None, 0));
}

/// Of what results found none ends so, and neither does what was ended before.
#[test]
fn what_results_found_ends_by_results() {
    let mut world = world_of(Some(HOUR));
    world.names(&["1"]);
    world.begin("2");
    let key = IncidentKey::parse("2").unwrap();
    assert_eq!(world.call(RecordOrder::End(key)), RecordAnswer::Done);
    world.wait(HOUR + HOUR);
    assert_eq!((world.calls_until_quiet(), world.state("a").records().open), (0, 1));
}

/// Whoever says so later means also what is open already, and whoever takes it back means all.
#[test]
fn another_time_counts_for_what_is_open() {
    let mut world = world_of(None);
    world.begin("1");
    world.wait(HOUR);
    assert_eq!(world.calls_until_quiet(), 0);
    world.assert_as(Some(HOUR + HOUR));
    assert_eq!(world.state("a").records().results, 0);
    world.assert_as(None);
    world.wait(HOUR);
    assert_eq!((world.calls_until_quiet(), world.state("a").records().open), (0, 1));
    world.assert_as(Some(Span::mins(1)));
    assert_eq!((world.calls_until_quiet(), world.state("a").records().open), (1, 0));
}

/// 18.7: many end in slices, and over a death none twice.
#[test]
fn many_end_in_slices() {
    let mut world = world_of(Some(HOUR));
    (0..450).for_each(|number| world.begin(&format!("{number:03}")));
    world.wait(GROUP_WAIT);
    assert_eq!(world.told_of(), 450);
    world.wait(HOUR);
    assert_eq!((world.expire(), world.state("a").records().open), (1, 250));
    world.reopen();
    assert_eq!((world.calls_until_quiet(), world.state("a").records().open), (2, 0));
    world.wait(GROUP_WAIT);
    let told = world.claim_one();
    assert_eq!(told.message.members.len(), 450);
    assert_eq!(world.store().difference_from_rows().unwrap(), None);
}

/// 1.1: what was begun by a clock that was ahead ends by the right one.
#[test]
fn a_wrong_date_keeps_nothing_open() {
    let mut world = world_of(Some(HOUR));
    let now = world.now;
    world.wait(Span::mins(3650 * 24 * 60));
    world.begin("1");
    let before = world.now;
    world.now = now;
    world.store().reanchor(before, now).unwrap();
    world.reopen();
    world.wait(HOUR + Span::MS);
    assert_eq!((world.calls_until_quiet(), world.state("a").records().open), (1, 0));
}
