//! A configuration is taken at once, and carried out piece by piece (10.5).

use std::sync::Arc;

use punctual::core::check::{Definition, PingKind};
use punctual::core::incident::IncidentId;
use punctual::core::route::{Action, Matcher, Responder};
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;
use punctual::store::{
    CarriedOn, Changes, Compared, ConfigureError, Edit, EditError, NewCheck, Stance, Store, What,
};

use super::world::{Place, World, at, check, fact, name};

/// Takes the configuration; what it changes is pending.
fn take<P: Place>(world: &mut World<P>) -> Result<(), ConfigureError> {
    let (configuration, now) = (world.configuration.clone(), world.now);
    let mut compared = Compared::new(configuration, &world.store().live().directory());
    world.store().take(&mut compared, false, now)
}

fn carry_on<P: Place>(world: &mut World<P>, limit: usize) -> CarriedOn {
    let now = world.now;
    world.store().carry_on(limit, now).unwrap()
}

/// What is told of a check only if it is in this team.
fn tell_team<P: Place>(world: &mut World<P>, team: &str) {
    let mut policy = (*world.configuration.policy).clone();
    let matchers = Matcher::parse_list(&format!("team=\"{team}\"")).unwrap();
    let actions = vec![Action::new("ops".into(), Span::ZERO, None)];
    (policy.default_receivers, policy.responders) = (Vec::new(), vec![Responder { matchers, actions }]);
    world.configuration.policy = Arc::new(policy);
    for check in &mut world.configuration.checks {
        check.labels = [("team".into(), team.into())].into();
    }
}

/// Otherwise an alert is lost: its responder is gone, and the check has not the label yet that the new one asks for.
pub(crate) fn what_goes_bad_before_its_check_is_changed_is_told_by_the_new_files<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&["a", "b"]);
    tell_team(world, "old");
    world.configure().unwrap();
    tell_team(world, "new");
    take(world).unwrap();
    world.wait(Span::secs(1));
    world.ping("b", PingKind::Fail);
    world.wait(Span::secs(10));
    assert_eq!(world.told(), ["Alert b"]);
    assert_eq!(
        carry_on(world, 9),
        CarriedOn::Done(Changes { updated: vec![name("b"), name("a")], ..Changes::default() })
    );
}

/// However the pieces lie, each check changes as of the time at which the configuration was taken.
pub(crate) fn each_check_changes_as_of_the_time_of_the_taking<P: Place>(world: &mut World<P>) {
    let names = ["a", "b", "c", "d"];
    world.declare(&names);
    let first = at(1_000_000);
    for check in &mut world.configuration.checks {
        Arc::make_mut(&mut check.spec).grace = Span::secs(90);
    }
    world.configuration.checks.retain(|check| check.name.as_str() != "d");
    Arc::make_mut(&mut world.configuration.checks[2].spec).schedule = Schedule::Every(Span::secs(120));
    world.wait(Span::secs(65));
    take(world).unwrap();
    // The old deadline of all was at 70 s.
    world.wait(Span::secs(30));
    let now = world.now;
    world.ping("a", PingKind::Success);
    let live = world.store().live();
    let is_late = |name: &str| {
        let check = live.find(name).unwrap();
        live.as_of(now).view(&check, &check.state()).late
    };
    assert!(!is_late("b") && !is_late("d"), "nobody is shown what it was due by before (1.5)");
    assert_eq!(world.expire(), 3, "by what they were");
    let due: Vec<_> = world.store().due(first + Span::mins(60), 9).into_iter().map(|(_, at)| at).collect();
    let secs = |secs: i64| first + Span::secs(secs);
    assert_eq!(
        due,
        [secs(60 + 90), secs(95 + 60 + 90), secs(65 + 120 + 90)],
        "b, a, and c by the change (10.2b)"
    );
    let CarriedOn::Done(changes) = carry_on(world, 9) else { panic!("nothing is left") };
    assert_eq!((changes.changed.len(), changes.archived), (3, vec![name("d")]));
    let summary = world.summary();
    world.reopen();
    assert_eq!(world.summary(), summary, "and all of it is stored");
}

/// 10.3: what a death leaves undone is done by the next start, and nothing is told twice.
pub(crate) fn a_death_between_two_pieces_is_got_over_by_the_next_start<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b", "c"]);
    world.ping("c", PingKind::Fail);
    world.ping("b", PingKind::Fail);
    world.wait(Span::secs(10));
    assert_eq!(world.told(), ["Alert c", "Alert b"]);
    world.configuration.checks = vec![check("new"), check("a")];
    world.configuration.checks[1].title = "other".into();
    take(world).unwrap();
    assert_eq!(carry_on(world, 3), CarriedOn::Left(1));
    world.wait(Span::secs(10));
    assert_eq!(world.told(), ["Recovery b"]);
    let live = |world: &mut World<P>| world.store().live().directory().checks.len();
    assert_eq!(live(world), 3, "new, a, and c still");
    // What its opening does is what the files still change.
    world.reopen();
    assert_eq!(live(world), 2);
    world.wait(Span::secs(10));
    assert_eq!(world.told(), ["Recovery c"]);
    assert_eq!(world.configure_at_start().unwrap(), Changes::default());
}

/// 10.4b: the word was given for all that was to go.
pub(crate) fn what_was_allowed_to_go_goes_though_a_death_came_between<P: Place>(world: &mut World<P>) {
    let names: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.declare(&names);
    world.configuration.checks.truncate(1);
    assert!(matches!(take(world), Err(ConfigureError::MassRemoval { removed: 19, declared: 20 })));
    world.configuration.allow_mass_removal = true;
    take(world).unwrap();
    assert_eq!(carry_on(world, 3), CarriedOn::Left(16));
    world.configuration.allow_mass_removal = false;
    world.reopen();
    assert_eq!(world.store().live().directory().checks.len(), 1);
    // But not what goes later.
    world.declare(&names);
    world.configuration.checks.truncate(1);
    let kept = world.configure_at_start().unwrap().kept;
    assert_eq!(kept.len(), 19);
    assert_eq!(world.store().live().directory().checks.len(), 20);
}

pub(crate) fn no_other_configuration_is_taken_before_one_is_carried_out<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.configuration.checks.push(check("b"));
    take(world).unwrap();
    assert!(matches!(take(world), Err(ConfigureError::Unfinished { left: 1 })));
    assert_eq!(carry_on(world, 1), CarriedOn::Done(Changes { added: vec![name("b")], ..Changes::default() }));
    take(world).unwrap();
    assert_eq!(carry_on(world, 1), CarriedOn::Done(Changes::default()));
    assert_eq!(carry_on(world, 1), CarriedOn::Done(Changes::default()), "nothing was taken");
}

/// 16.1b, 16.2: what files declare is declared, and has its place.
pub(crate) fn an_edit_finds_what_files_declare_and_is_still_to_be_changed<P: Place>(world: &mut World<P>) {
    let made = |text: &str| {
        let new = NewCheck { definition: check(text), paused: false, past: None };
        Edit::Create(Box::new(new))
    };
    let now = world.now;
    let mine = world.store().edit(made("mine"), "ann", now).unwrap();
    world.configuration.checks = ["mine", "b", "c", "d"].map(check).to_vec();
    world.configuration.max_checks = 5;
    take(world).unwrap();
    let taken = world.store().edit(made("b"), "ann", now).unwrap_err();
    assert!(matches!(taken, EditError::NameTaken(name) if name.as_str() == "b"));
    let files = world.store().edit(Edit::Delete { check: mine }, "ann", now).unwrap_err();
    assert!(matches!(files, EditError::DeclaredInFile { .. }), "a file took it over: {files}");
    let mut depending = NewCheck { definition: check("e"), paused: false, past: None };
    depending.definition.depends_on = vec![name("d")].into();
    world.store().edit(Edit::Create(Box::new(depending)), "ann", now).unwrap();
    assert!(matches!(world.store().edit(made("f"), "ann", now), Err(EditError::TooMany { max: 5 })));
    let CarriedOn::Done(changes) = carry_on(world, 1) else { panic!("but for `c` all was named") };
    assert_eq!(changes.added, ["b", "d", "c"].map(name));
    assert_eq!(changes.updated, [name("mine")]);
}

/// 1.1, 11.2: what is said of its incident, and what a clock does, finds the check as it is declared.
pub(crate) fn what_is_said_and_a_clock_find_the_check_changed<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    world.ping("a", PingKind::Fail);
    let now = world.now;
    world.configuration.checks.remove(0);
    Arc::make_mut(&mut world.configuration.checks[0].spec).grace = Span::secs(20);
    take(world).unwrap();
    assert!(!world.says(IncidentId(1), Stance::Acknowledge, "ops", now), "it ended with its check");
    let back = now - Span::secs(100);
    world.store().reanchor(now, back).unwrap();
    world.now = back;
    assert_eq!(world.store().next_deadline(), Some(back + Span::secs(60 + 20)));
    assert!(matches!(carry_on(world, 1), CarriedOn::Done(changes) if changes.changed == [name("b")]));
    assert!(matches!(
        world.apply("b", What::Ping(fact(PingKind::Success))),
        punctual::store::Applied::Done(_)
    ));
}

/// 10.3a: it is declared again, and pruning comes before its turn.
pub(crate) fn what_is_about_to_return_is_not_forgotten<P: Place>(world: &mut World<P>) {
    world.declare(&["x", "y"]);
    world.ping("x", PingKind::Success);
    let gone = world.configuration.checks.remove(0);
    world.configure().unwrap();
    world.wait(world.configuration.retention.archived + Span::secs(1));
    world.configuration.checks.push(gone);
    take(world).unwrap();
    let now = world.now;
    while world.store().prune(now).unwrap() {}
    assert!(matches!(carry_on(world, 9), CarriedOn::Done(changes) if changes.returned == [name("x")]));
}

/// 16.1: what goes makes room at once.
pub(crate) fn a_check_that_is_about_to_go_takes_no_place<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    world.configuration.checks = vec![check("c")];
    world.configuration.max_checks = 2;
    take(world).unwrap();
    let now = world.now;
    let made =
        |text: &str| Edit::Create(Box::new(NewCheck { definition: check(text), paused: false, past: None }));
    world.store().edit(made("mine"), "ann", now).unwrap();
    assert!(matches!(world.store().edit(made("more"), "ann", now), Err(EditError::TooMany { max: 2 })));
    assert!(matches!(carry_on(world, 9), CarriedOn::Done(_)));
    assert_eq!(world.store().live().directory().checks.len(), 2);
}

/// 8.3, 10.3b: who depends on it need not know its new name, which a file says before all others are changed.
pub(crate) fn what_is_renamed_is_depended_on_by_its_former_name<P: Place>(world: &mut World<P>) {
    world.declare(&["db", "app"]);
    world.configuration.checks[1].depends_on = vec![name("db")].into();
    world.configure().unwrap();
    let mut mine = NewCheck { definition: check("mine"), paused: false, past: None };
    mine.definition.depends_on = vec![name("db")].into();
    let now = world.now;
    world.store().edit(Edit::Create(Box::new(mine)), "ann", now).unwrap();
    world.configuration.checks[0] = Definition { renamed_from: vec![name("db")].into(), ..check("db2") };
    world.configuration.checks[1].depends_on = vec![name("db2")].into();
    take(world).unwrap();
    for name in ["db2", "mine", "app"] {
        world.ping(name, PingKind::Fail);
    }
    world.wait(Span::secs(20));
    assert_eq!(world.told(), ["Alert db2"]);
    world.ping("db2", PingKind::Success);
    world.wait(Span::mins(2));
    assert_eq!(world.told(), ["Alert mine", "Alert app", "Recovery db2"]);
}
