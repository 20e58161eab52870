//! What nobody has taken of what occurred is told once somebody does, also where it is over by then (12.4, 19.3b).

use super::super::super::again::{give_up, totals};
use super::super::super::prune::prune;
use super::*;

const MINUTE: Remember = Remember::For(Span::mins(1));

impl World<Sqlite> {
    /// So many occur, `ops` takes none of it until it is given up, and it is over.
    fn occur_in_vain(&mut self, keys: &[&str]) {
        self.names(keys);
        give_up(self, &[]);
        self.expire_all();
        assert_eq!((self.remembered().0, totals(self)), (0, (keys.len() as u64, 0)));
    }
}

/// 12.4f
#[test]
fn what_was_given_up_is_told_though_it_is_over() {
    let mut world = detecting(MINUTE);
    world.occur_in_vain(&["1", "2"]);
    world.reopen();
    assert_eq!(totals(&mut world), (2, 0));
    world.wait(Span::mins(60));
    let told = world.all_occurred();
    assert_eq!(told, ["ops: 1 occurred: 1", "ops: 1 occurred: 2"], "one finds out, and the other follows");
    assert_eq!((totals(&mut world), world.store().next_claim()), ((0, 0), None));
    world.reopen();
    world.wait(Span::mins(120));
    assert_eq!((world.all_occurred(), totals(&mut world)), (Vec::new(), (0, 0)));
}

/// 19.2b: whoever answered it while it was remembered hears nothing of it.
#[test]
fn what_was_given_up_and_answered_is_told_no_more() {
    let mut world = detecting(Remember::For(Span::mins(60 * 24 * 3)));
    world.names(&["1", "2", "3"]);
    give_up(&mut world, &[]);
    let (acknowledged, marked, now) = (world.incident("1"), world.incident("2"), world.now);
    assert!(world.says(acknowledged, Stance::Acknowledge, "ann", now));
    assert!(world.says(marked, Stance::WontFix, "ann", now));
    let ended = world.call(RecordOrder::End(IncidentKey::parse("3").unwrap()));
    assert_eq!((ended, world.remembered().0), (RecordAnswer::Done, 2));
    world.wait(Span::mins(60 * 24 * 3));
    world.expire_all();
    assert_eq!(world.remembered().0, 0);
    world.reopen();
    for _ in 0..3 {
        world.wait(Span::mins(60));
        assert_eq!(world.all_occurred(), Vec::<String>::new());
    }
}

/// 15.2: no receiver has to come back for it to be forgotten.
#[test]
fn what_nobody_ever_takes_is_forgotten_in_the_end() {
    let mut world = detecting(MINUTE);
    world.occur_in_vain(&["1", "2"]);
    prune(&mut world);
    assert_eq!(totals(&mut world), (2, 0));
    for _ in 0..401 {
        world.wait(DAY);
        world.claim().iter().for_each(|one| world.settle(one.message.id, &later()));
    }
    prune(&mut world);
    assert_eq!((totals(&mut world), world.standings()), ((0, 0), Vec::new()));
    assert_eq!((world.claim(), world.store().next_claim()), (Vec::new(), None));
    world.reopen();
    assert_eq!((totals(&mut world), world.store().next_claim()), ((0, 0), None));
}

/// 19.7: what nobody detects any more happened all the same, whatever is detected or asserted instead.
#[test]
fn what_waits_is_told_though_another_thing_is_detected_now() {
    let by = |by: &str| FoundBy::Reporter(Reported { by: by.into(), ..Reported::default() });
    let another = Assertion { found_by: by("another"), ..detection(WEEK) };
    let none = Assertion { finds: Finds::Lasting, ..assertion(None) };
    for otherwise in [another, assertion(Some(1_000)), none] {
        let mut world = detecting(WEEK);
        world.responders(&[("", "ops", Span::mins(30))]);
        world.names(&["1", "2"]);
        world.configuration.checks = vec![asserting("a", otherwise)];
        world.configure().unwrap();
        world.wait(Span::MS);
        world.expire_all();
        world.result(fact(Outcome::Holds, None));
        world.reopen();
        assert_eq!(world.remembered().0, 0);
        world.wait(Span::mins(31));
        assert_eq!(world.all_occurred(), ["ops: 2 occurred: 1 2"]);
        let over = |key: &str| (key.to_owned(), IncidentStatus::Over);
        assert_eq!(world.standings(), [over("1"), over("2")]);
    }
}

/// 18.7e, 19.3a: pings wait for no more than one slice, however many checks forget at once.
#[test]
fn many_checks_forget_no_more_together_than_one() {
    let mut world = detecting(MINUTE);
    let names: Vec<String> = (0..10).map(|number| format!("b{number}")).collect();
    world.configuration.checks = names.iter().map(|name| asserting(name, detection(MINUTE))).collect();
    world.configure().unwrap();
    for name in &names {
        let taken = world.apply(name, What::Result(fact_of(many(150))));
        assert!(matches!(taken, Applied::Result(_)), "{taken:?}");
    }
    let remembered = |world: &mut World<Sqlite>| -> u32 {
        names.iter().map(|name| world.state(name).records().occurrences.remembered).sum()
    };
    world.wait(Span::mins(2));
    let mut left = remembered(&mut world);
    let mut calls = 0;
    while world.expire() > 0 {
        let now_left = remembered(&mut world);
        assert!((1..=200).contains(&(left - now_left)), "{left} were left, and then {now_left}");
        (left, calls) = (now_left, calls + 1);
    }
    assert_eq!((left, calls), (0, 8));
}
