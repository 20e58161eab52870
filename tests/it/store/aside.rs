//! What is held is not asked about until what holds it changes, and then it leaves (8.1).

use punctual::core::check::{Definition, PingKind};
use punctual::core::route::{Matcher, Mute};
use punctual::core::time::Span;
use punctual::store::{Edit, NewCheck, SpecChange, Stance, Store, What};

use super::world::{GROUP_WAIT, Place, World, check, name};

fn mute<P: Place>(world: &mut World<P>, matchers: &str, lasts: Span) -> u64 {
    let now = world.now;
    let mute = Mute {
        id: 0,
        matchers: Matcher::parse_list(matchers).unwrap(),
        text: matchers.to_owned(),
        until: now + lasts,
        since: now,
        comment: String::new(),
        by: String::new(),
    };
    world.store().mute(mute, now).unwrap()
}

fn unmute<P: Place>(world: &mut World<P>, id: u64) {
    let now = world.now;
    assert!(world.store().unmute(id, "ann", now).unwrap());
}

/// It fails, and what is told of it is held: nothing asks about it any more.
fn fail_and_be_held<P: Place>(world: &mut World<P>, name: &str) {
    world.ping(name, PingKind::Fail);
    world.wait(GROUP_WAIT);
    nothing_leaves(world);
}

fn nothing_leaves<P: Place>(world: &mut World<P>) {
    assert!(world.claim().is_empty());
    let now = world.now;
    assert!(world.store().next_claim().is_none_or(|at| at > now), "nobody asks");
}

/// Somebody is to claim it, and it leaves.
fn leaves<P: Place>(world: &mut World<P>, expected: &[&str]) {
    let now = world.now;
    assert!(world.store().next_claim().is_some_and(|at| at <= now), "somebody asks");
    assert_eq!(world.told(), expected);
}

fn declare<P: Place>(world: &mut World<P>, definition: Definition) {
    let new = NewCheck { definition, paused: false, past: None };
    edit(world, Edit::Create(Box::new(new)));
}

fn edit<P: Place>(world: &mut World<P>, edit: Edit) {
    let now = world.now;
    world.store().edit_all(vec![edit], "ann", now).unwrap();
}

fn change<P: Place>(world: &mut World<P>, name: &str, change: impl FnOnce(&mut Definition)) {
    let check = world.id(name);
    let mut definition = (*world.store().live().find(name).unwrap().definition).clone();
    change(&mut definition);
    edit(world, Edit::Update { check, definition: Box::new(definition), how: SpecChange::Judged });
}

/// By an API: no file takes them out.
fn made(text: &str, depends_on: &[&str]) -> Definition {
    let depends_on = depends_on.iter().map(|text| name(text)).collect();
    Definition { depends_on, source: punctual::core::check::Source::Api, ..check(text) }
}

/// `report` is bad, and held since `database`, on which it depends, is bad.
fn report_is_held<P: Place>(world: &mut World<P>) {
    world.declare(&[]);
    declare(world, made("database", &[]));
    declare(world, made("report", &["database"]));
    world.ping("database", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert database"]);
    fail_and_be_held(world, "report");
}

/// 8.2: each cause must be muted, and the one that ends may be another than the one that is shown.
pub(crate) fn the_end_of_one_of_the_mutes_of_several_causes_lets_go<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    let mutes = [("failed", 60), ("missing", 90)].map(|(reason, minutes)| {
        let matchers = format!("reason=\"{reason}\"");
        mute(world, &matchers, Span::mins(minutes))
    });
    fail_and_be_held(world, "a");
    world.wait(Span::secs(70));
    assert_eq!(world.expire(), 1);
    assert_eq!(world.state("a").causes.as_slice().len(), 2);
    nothing_leaves(world);
    unmute(world, mutes[1]);
    leaves(world, &["Alert a"]);
}

/// 8.2
pub(crate) fn a_mute_that_ends_beside_another_lets_nothing_go<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    let mutes = ["check=\"a\"", "check=~\"a|b\""].map(|matchers| mute(world, matchers, Span::mins(60)));
    fail_and_be_held(world, "a");
    unmute(world, mutes[1]);
    nothing_leaves(world);
    unmute(world, mutes[0]);
    leaves(world, &["Alert a"]);
}

/// 8.2, 10.2
pub(crate) fn what_a_mute_matches_no_more_leaves<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    mute(world, "group=\"night\"", Span::mins(60));
    world.configuration.checks[0].group = "night".into();
    world.configure().unwrap();
    fail_and_be_held(world, "a");
    world.configuration.checks[0].group = "day".into();
    world.configure().unwrap();
    leaves(world, &["Alert a"]);
}

/// 7.3
pub(crate) fn what_is_paused_no_more_is_told<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.respond(&[("ops", Span::mins(5), None)]);
    world.configure().unwrap();
    world.ping("a", PingKind::Fail);
    let pause = What::Pause { comment: None, by: None, until: None };
    world.apply("a", pause);
    world.wait(Span::mins(6));
    nothing_leaves(world);
    world.apply("a", What::Unpause { comment: None, by: None });
    world.ping("a", PingKind::Fail);
    world.wait(Span::mins(5));
    world.wait(GROUP_WAIT);
    leaves(world, &["Alert a"]);
}

/// 8.3
pub(crate) fn a_dependency_that_nobody_wants_to_hear_of_holds_nothing<P: Place>(world: &mut World<P>) {
    report_is_held(world);
    let now = world.now;
    assert!(world.says(punctual::core::incident::IncidentId(1), Stance::WontFix, "ann", now));
    leaves(world, &["Alert report"]);
}

/// 8.3, 7.3
pub(crate) fn a_dependency_that_is_paused_holds_nothing<P: Place>(world: &mut World<P>) {
    report_is_held(world);
    world.apply("database", What::Pause { comment: None, by: None, until: None });
    world.wait(Span::mins(1));
    let told = world.told();
    assert!(told.contains(&"Alert report".to_owned()), "{told:?}");
}

/// 8.3, 10.3: by its former name it is depended on as before.
pub(crate) fn a_dependency_that_was_renamed_lets_go_when_it_recovers<P: Place>(world: &mut World<P>) {
    report_is_held(world);
    change(world, "database", |definition| definition.name = name("storage"));
    nothing_leaves(world);
    world.ping("storage", PingKind::Success);
    world.wait(GROUP_WAIT);
    leaves(world, &["Recovery storage"]);
    world.wait(Span::mins(1));
    leaves(world, &["Alert report"]);
}

/// 8.3, 10.3
pub(crate) fn a_dependency_whose_name_is_anothers_holds_nothing<P: Place>(world: &mut World<P>) {
    report_is_held(world);
    change(world, "database", |definition| definition.name = name("storage"));
    nothing_leaves(world);
    declare(world, made("database", &[]));
    leaves(world, &["Alert report"]);
}

/// 8.3
pub(crate) fn a_dependency_that_is_deleted_holds_nothing<P: Place>(world: &mut World<P>) {
    report_is_held(world);
    let check = world.id("database");
    edit(world, Edit::Delete { check });
    let mut told = world.told();
    told.sort();
    assert_eq!(told, ["Alert report", "Recovery database"]);
}

/// 8.3d, 10.3
pub(crate) fn a_dependency_that_is_taken_out_of_the_files_holds_nothing<P: Place>(world: &mut World<P>) {
    world.declare(&["database"]);
    declare(world, made("report", &["database"]));
    world.ping("database", PingKind::Fail);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Alert database"]);
    fail_and_be_held(world, "report");
    world.declare(&[]);
    let mut told = world.told();
    told.sort();
    assert_eq!(told, ["Alert report", "Recovery database"]);
}

/// 8.3, 10.2
pub(crate) fn what_depends_on_nothing_any_more_leaves<P: Place>(world: &mut World<P>) {
    report_is_held(world);
    change(world, "report", |definition| definition.depends_on.clear());
    leaves(world, &["Alert report"]);
}

/// 1.1, 8.2
pub(crate) fn what_was_held_by_a_clock_that_was_ahead_leaves_in_time<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    mute(world, "check=\"a\"", Span::mins(10));
    fail_and_be_held(world, "a");
    let before = world.now;
    world.now = before - Span::mins(6000);
    let now = world.now;
    world.store().reanchor(before, now).unwrap();
    nothing_leaves(world);
    world.wait(Span::mins(10));
    leaves(world, &["Alert a"]);
}

/// 8.1: what was held before a start or a failure is asked about after it.
pub(crate) fn what_is_held_is_held_by_the_same_after_a_start<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    let mutes = ["check=\"a\"", "check=\"b\""].map(|matchers| mute(world, matchers, Span::mins(60)));
    fail_and_be_held(world, "a");
    world.reopen();
    nothing_leaves(world);
    fail_and_be_held(world, "b");
    unmute(world, mutes[1]);
    leaves(world, &["Alert b"]);
    unmute(world, mutes[0]);
    leaves(world, &["Alert a"]);
}
