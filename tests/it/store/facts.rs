//! Facts, states and configuration (§1, §9.1, §10, §14).

use std::sync::Arc;

use punctual::core::blind::Window;
use punctual::core::cause::{CauseKind, Status};
use punctual::core::check::{PingKind, Source, SourceLine};
use punctual::core::refusals::Refused;
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;
use punctual::store::{Applied, Changes, ConfigureError, Store, What};

use super::world::{GROUP_WAIT, Place, World, at, check, fact, name};

/// 14.1, 14.2
pub(crate) fn what_was_answered_is_there_after_reopening<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Success);
    world.wait(Span::secs(1));
    world.ping("b", PingKind::Start);
    world.ping("b", PingKind::Fail);
    let before = world.summary();
    world.reopen();
    let after = world.summary();
    assert_eq!(after.0, before.0);
    assert_eq!(after.1, before.1);
    assert_eq!(world.state("b").status(), Status::Failing);
}

/// 1.2
pub(crate) fn entries_are_applied_in_their_order<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    let fail = world.entry("a", What::Ping(fact(PingKind::Fail)));
    let success = world.entry("a", What::Ping(fact(PingKind::Success)));
    let applied = world.store().apply(&[success.clone(), fail.clone()]).unwrap();
    assert_eq!(applied.len(), 2);
    assert_eq!(world.state("a").status(), Status::Failing);
    world.store().apply(&[fail, success]).unwrap();
    assert_eq!(world.state("a").status(), Status::Up);
}

/// 14.1, 12.1
pub(crate) fn a_late_check_flips_opens_an_incident_and_waits_to_be_told<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.wait(Span::secs(70));
    assert_eq!(world.expire(), 0, "at the deadline it is not late yet");
    world.wait(Span::ms(1));
    assert_eq!(world.expire(), 1);
    assert_eq!(world.expire(), 0, "once judged, nothing is due");
    assert!(world.state("a").causes.has(CauseKind::NeverSeen));
    let late_at = at(1_000_070);
    assert_eq!(world.store().next_claim(), Some(late_at.max(world.now) + GROUP_WAIT));
    assert!(world.claim().is_empty(), "others may come with it");
    world.reopen();
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert a"]);
}

pub(crate) fn deadlines_are_exact_and_a_reopening_does_not_move_them<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    assert_eq!(world.store().next_deadline(), Some(at(1_000_070)));
    world.wait(Span::secs(20));
    world.ping("a", PingKind::Success);
    assert_eq!(world.store().next_deadline(), Some(at(1_000_070)), "b is still due");
    world.ping("b", PingKind::Success);
    assert_eq!(world.store().next_deadline(), Some(at(1_000_090)));
    let ids = [world.id("a"), world.id("b")];
    let due = world.store().due(at(1_000_091), 10);
    assert_eq!(due, ids.map(|id| (id, at(1_000_090))));
    assert_eq!(world.store().due(at(1_000_091), 1), due[..1]);
    // 9.2
    world.reopen();
    assert_eq!(world.store().next_deadline(), Some(at(1_000_090)));
}

/// 10.3
pub(crate) fn a_new_check_an_archived_one_and_one_that_returns<P: Place>(world: &mut World<P>) {
    assert_eq!(world.declare(&["a", "b"]).added, [name("a"), name("b")]);
    world.ping("a", PingKind::Success);
    let id = world.id("a");
    let changes = world.declare(&["b"]);
    assert_eq!((changes.archived, changes.added), (vec![name("a")], vec![]));
    assert!(world.store().live().find("a").is_none());
    let now = world.now;
    let entry = punctual::store::Entry { check: id, at: now, what: What::Ping(fact(PingKind::Success)) };
    assert_eq!(world.store().apply(&[entry]).unwrap(), [Applied::NoSuchCheck]);
    world.wait(Span::mins(60));
    world.reopen();
    let changes = world.declare(&["a", "b"]);
    assert_eq!((changes.returned, changes.added), (vec![name("a")], vec![]));
    assert_eq!(world.id("a"), id);
    assert_eq!(world.state("a").counters.pings[0], 1, "with its history");
    assert_eq!(world.state("a").armed_since, world.now, "armed from now");
    assert_eq!(world.declare(&["a", "b"]), punctual::store::Changes::default());
}

/// 10.3
pub(crate) fn a_rename_keeps_identity_and_history_and_the_old_url<P: Place>(world: &mut World<P>) {
    world.declare(&["old", "other"]);
    world.ping("old", PingKind::Fail);
    let id = world.id("old");
    let mut renamed = check("new");
    renamed.renamed_from = vec![name("old")].into();
    world.configuration.checks = vec![renamed, check("other")];
    let changes = world.configure().unwrap();
    assert_eq!(changes.renamed, [(name("old"), name("new"))]);
    assert_eq!((changes.archived, changes.added), (vec![], vec![]), "a rename is no removal");
    for _ in 0..2 {
        assert_eq!(world.id("new"), id);
        assert_eq!(world.id("old"), id, "the old URL works");
        assert_eq!(world.state("new").status(), Status::Failing, "with its open incident");
        world.reopen();
    }
    assert!(world.configure().unwrap().renamed.is_empty(), "it is renamed once");
    // Somebody else takes the old name.
    world.configuration.checks[0].renamed_from.clear();
    world.configuration.checks.push(check("old"));
    world.configure().unwrap();
    assert_ne!(world.id("old"), id);
    world.reopen();
    assert_ne!(world.id("old"), id);
}

/// 10.3
pub(crate) fn a_rename_of_two_with_history_is_refused<P: Place>(world: &mut World<P>) {
    world.declare(&["old", "new"]);
    world.ping("old", PingKind::Success);
    let old = world.id("old");
    let mut renamed = check("new");
    renamed.renamed_from = vec![name("old")].into();
    world.configuration.checks = vec![renamed];
    let before = world.configuration.clone();
    // Only the old one was ever pinged: the new one gives way.
    world.configure().unwrap();
    assert_eq!(world.id("new"), old);
    // Now a second pair, both pinged.
    world.configuration.checks = vec![check("new"), check("third")];
    world.configure().unwrap();
    world.ping("third", PingKind::Success);
    let mut renamed = check("third");
    renamed.renamed_from = vec![name("new")].into();
    world.configuration.checks = vec![renamed];
    let refused = world.configure();
    assert!(matches!(refused, Err(ConfigureError::BothHaveHistory { .. })), "{refused:?}");
    assert_eq!(world.store().live().directory().checks.len(), 2, "nothing of it was stored");
    // A start takes the rest of the files: nobody would be paged at all while it does not run.
    world.configuration.checks.push(check("fresh"));
    let (old, third) = (world.id("new"), world.id("third"));
    let changes = world.configure_at_start().unwrap();
    assert_eq!(changes.passed_over, [(name("new"), name("third"))]);
    let counts = (changes.archived.len(), changes.added.len(), changes.renamed.len());
    assert_eq!(counts, (0, 1, 0));
    assert_eq!((world.id("new"), world.id("third")), (old, third), "each stays as it is");
    world.ping("new", PingKind::Success);
    world.reopen();
    assert!(world.configure().is_err(), "a reload still refuses it");
    // Also where the old one is archived, and where two former names have a history.
    world.configuration.checks = vec![check("third")];
    world.configure().unwrap();
    let mut renamed = check("third");
    renamed.renamed_from = vec![name("new")].into();
    world.configuration.checks = vec![renamed];
    assert_eq!(world.configure_at_start().unwrap().passed_over.len(), 1);
    assert!(world.store().live().find("new").is_none(), "what is archived stays so");
    world.configuration.checks = vec![check("new"), check("third")];
    world.configure().unwrap();
    let mut renamed = check("fourth");
    renamed.renamed_from = vec![name("new"), name("third")].into();
    world.configuration.checks = vec![renamed];
    let changes = world.configure_at_start().unwrap();
    let counts = (changes.passed_over.len(), changes.added.len(), changes.archived.len());
    assert_eq!(counts, (2, 1, 0));
    world.configuration = before;
}

/// 10.4
pub(crate) fn removing_most_checks_needs_a_word<P: Place>(world: &mut World<P>) {
    let names: Vec<String> = (0..10).map(|i| format!("check-{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.declare(&names);
    world.configuration.checks = names[..5].iter().map(|name| check(name)).collect();
    assert_eq!(world.configure().unwrap().archived.len(), 5, "half of them may go");
    world.declare(&names);
    world.configuration.checks = names[..4].iter().map(|name| check(name)).collect();
    world.configuration.checks.push(check("fresh"));
    let refused = world.configure();
    assert!(matches!(refused, Err(ConfigureError::MassRemoval { removed: 6, declared: 10 })), "{refused:?}");
    assert!(world.store().live().find("fresh").is_none(), "all or nothing");
    let changes = world.configure_at_start().unwrap();
    assert_eq!((changes.kept.len(), changes.archived), (6, vec![]), "a start archives nothing");
    assert_eq!(changes.added, [name("fresh")]);
    world.ping("check-9", PingKind::Success);
    world.configuration.allow_mass_removal = true;
    assert_eq!(world.configure().unwrap().archived.len(), 6);
}

/// 10.1
pub(crate) fn a_changed_spec_is_an_input_also_at_a_start<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Success);
    world.wait(Span::secs(30));
    Arc::make_mut(&mut world.configuration.checks[0].spec).schedule = Schedule::Every(Span::secs(300));
    world.configuration.checks[1].title = "B".into();
    world.reopen();
    let now = world.now;
    assert_eq!(*world.store().live().find("b").unwrap().definition.title, *"B");
    world.store().due(at(1_000_071), 9);
    assert_eq!(world.store().next_deadline(), Some(at(1_000_070)), "b is as it was");
    world.ping("b", PingKind::Success);
    let a = world.id("a");
    assert_eq!(world.store().due(now + Span::mins(60), 9)[1], (a, now + Span::secs(310)));
    let changes = world.configure().unwrap();
    assert_eq!(changes, punctual::store::Changes::default());
}

/// 9.1
pub(crate) fn a_stop_is_a_blind_window_and_a_new_database_has_none<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    let from = world.now;
    world.now = from + Span::ms(1);
    world.reopen();
    let to = world.now;
    assert_eq!(world.store().live().blind().iter().collect::<Vec<_>>(), [&Window { from, to }]);
    world.now = to + Span::secs(30);
    world.reopen();
    world.reopen();
    let whole = Window { from, to: world.now };
    assert_eq!(world.store().live().blind().iter().collect::<Vec<_>>(), [&whole], "they touch, and are one");
    let live = world.store().live();
    assert_eq!(live.totals.blind(world.now), Span::ms(30_001));
    let silent = world.now + Span::secs(11);
    assert_eq!(live.totals.blind(silent), Span::ms(41_001), "counted while it lasts");
}

/// 1.1
pub(crate) fn a_clock_that_is_behind_does_not_undo_the_last_sign_of_life<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    let last = world.now;
    world.now = at(1000);
    world.reopen();
    let now = world.now;
    world.store().sign_of_life(now).unwrap();
    assert_eq!(world.store().last_sign_of_life().unwrap(), Some(last));
    assert_eq!(world.store().live().blind().iter().count(), 0);
    world.store().reanchor(now, now).unwrap();
    assert_eq!(world.store().last_sign_of_life().unwrap(), Some(now), "the clock was right after all");
}

/// 3.7
pub(crate) fn windows_are_counted_anew_after_reopening<P: Place>(world: &mut World<P>) {
    world.configuration.checks = vec![check("a"), check("b")];
    world.configuration.checks[0].window = Some(Span::secs(100));
    world.configure().unwrap();
    for _ in 0..30 {
        world.ping("a", PingKind::Success);
        world.ping("a", PingKind::Log);
        world.ping("b", PingKind::Success);
        world.wait(Span::secs(10));
    }
    let count = |world: &mut World<P>| {
        let check = world.store().live().find("a").unwrap();
        check.known().window.count(world.now - Span::secs(10))
    };
    assert_eq!(count(world), 10);
    world.reopen();
    assert_eq!(count(world), 10);
    world.configuration.checks[0].window = Some(Span::secs(200));
    world.configure().unwrap();
    assert_eq!(count(world), 20, "a longer window is counted from the facts");
}

/// 1.1
pub(crate) fn a_clock_set_back_leaves_no_state_in_the_future<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.wait(Span::mins(100 * 24 * 60));
    world.ping("a", PingKind::Success);
    world.now = at(1_000_100);
    let now = world.now;
    world.store().reanchor(now, now).unwrap();
    assert_eq!(world.state("a").newest, now);
    assert_eq!(world.store().next_deadline(), Some(now + Span::secs(70)));
    world.ping("a", PingKind::Success);
    let live = world.store().live().find("a").unwrap();
    assert_eq!(live.known().window.count(now), 1, "what is later than now does not hide what comes");
    world.reopen();
    let live = world.store().live().find("a").unwrap();
    assert_eq!(live.known().window.count(now), 1, "and not after a start");
}

/// 1.1, 9.1: refusals are told at the time of the oldest that waits, so they may be later than all else that is known.
pub(crate) fn a_clock_set_back_leaves_no_refusal_in_the_future<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    let told = world.now;
    let later = told + Span::secs(60);
    world.apply("a", What::Refused(Refused::once(later)));
    let now = told + Span::secs(10);
    world.store().reanchor(later, now).unwrap();
    let refused = |world: &mut World<P>| {
        world.state("a").refusals.iter().map(|refused| refused.last).collect::<Vec<_>>()
    };
    assert_eq!(refused(world), [now]);
    world.reopen();
    assert_eq!(refused(world), [now]);
}

/// 7.1
pub(crate) fn a_pause_by_the_file_is_not_undone_at_run_time<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    Arc::make_mut(&mut world.configuration.checks[0].spec).paused = true;
    world.configure().unwrap();
    assert_eq!(world.apply("a", What::Unpause { comment: None, by: None }), Applied::PausedByFile);
    assert_eq!(world.state("a").status(), Status::Paused);
    world.apply("b", What::Pause { comment: None, by: None, until: None });
    assert_eq!(world.state("b").status(), Status::Paused);
    assert_eq!(world.apply("b", What::Unpause { comment: None, by: None }), Applied::Done(None));
    assert_eq!(world.state("b").status(), Status::New);
}

/// 10.2: where a check stands is no part of what it is declared as.
pub(crate) fn a_line_above_a_check_changes_nothing_but_where_it_stands<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    let definition = |world: &mut World<P>| world.store().live().find("a").unwrap().definition.clone();
    let before = definition(world);
    let stands_in = |world: &mut World<P>, number| {
        for check in &mut world.configuration.checks {
            check.source = Source::File { path: "checks.yaml".into(), line: SourceLine::new(number) };
        }
    };
    stands_in(world, 7);
    assert_eq!(world.configure().unwrap(), Changes::default());
    assert!(Arc::ptr_eq(&before, &definition(world)));
    assert_eq!(definition(world).source.to_string(), "checks.yaml:7");
    // What is refused moves nothing.
    let checks = std::mem::take(&mut world.configuration.checks);
    world.configuration.checks = (0..12).map(|number| check(&format!("c{number}"))).chain(checks).collect();
    world.configure().unwrap();
    world.configuration.checks.drain(..12);
    stands_in(world, 9);
    assert!(matches!(world.configure(), Err(ConfigureError::MassRemoval { .. })));
    assert_eq!(definition(world).source.to_string(), "checks.yaml:7");
    // A start has the rows of before and the files of now.
    world.reopen();
    assert_eq!(definition(world).source.to_string(), "checks.yaml:9");
}

/// 1.1, 14.2
pub(crate) fn a_clock_that_was_set_back_leaves_causes_as_their_row_says<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    Arc::make_mut(&mut world.configuration.checks[0].spec).min_runtime = Some(Span::secs(30));
    world.configure().unwrap();
    let now = world.now;
    for kind in [PingKind::Start, PingKind::Success, PingKind::Fail] {
        world.wait(Span::secs(1));
        world.ping("a", kind);
    }
    let before = std::mem::replace(&mut world.now, now);
    world.store().reanchor(before, now).unwrap();
    let causes = world.state("a").causes;
    world.reopen();
    assert_eq!(world.state("a").causes, causes);
}
