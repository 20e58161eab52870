//! Checks that are made through an API.

use std::sync::Arc;

use punctual::core::cause::{CauseKind, Status};
use punctual::core::check::{Alias, CheckId, Definition, Origin, PingKind, Source};
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;
use punctual::store::live::ByName;
use punctual::store::{Edit, EditError, NewCheck, SpecChange, Store};

use super::world::{Place, World, check, name};

/// A canary of coal-mine: every minute, without grace.
pub(crate) fn canary(title: &str, slug: &str, id: &str) -> Definition {
    let mut definition = check("unnamed");
    definition.title = title.into();
    Arc::make_mut(&mut definition.spec).grace = Span::ZERO;
    definition.emails = vec!["ada@example.org".to_owned()].into();
    definition.alias =
        Some(Alias { origin: Origin::new("coal_mine"), id: id.to_owned(), slug: slug.to_owned() }.into());
    definition
}

pub(crate) fn create(definition: Definition) -> Edit {
    Edit::Create(Box::new(NewCheck { definition, paused: false, past: None }))
}

fn update(check: CheckId, definition: Definition) -> Edit {
    Edit::Update { check, definition: Box::new(definition), how: SpecChange::Judged }
}

pub(crate) fn edit<P: Place>(world: &mut World<P>, edit: Edit) -> Result<CheckId, EditError> {
    let now = world.now;
    world.store().edit(edit, "ann", now)
}

pub(crate) fn definition<P: Place>(world: &mut World<P>, name: &str) -> Definition {
    (*world.store().live().find(name).unwrap().definition).clone()
}

/// 16.1
pub(crate) fn what_an_api_made_is_there_after_reopening_and_no_file_removes_it<P: Place>(
    world: &mut World<P>,
) {
    world.declare(&["filed"]);
    let id = edit(world, create(check("made"))).unwrap();
    world.ping("made", PingKind::Success);
    for _ in 0..2 {
        assert_eq!(world.id("made"), id);
        assert_eq!(definition(world, "made").source, Source::Api);
        assert_eq!(world.state("made").counters.pings[0], 1);
        world.reopen();
    }
    world.configuration.checks.clear();
    assert_eq!(world.configure().unwrap().archived, [name("filed")]);
    assert!(world.store().live().find("filed").is_none());
    assert_eq!(world.id("made"), id);
    world.wait(Span::secs(71));
    assert_eq!(world.expire(), 1);
    assert!(world.state("made").causes.has(CauseKind::Missing));
}

/// 14.1, 16.3
pub(crate) fn an_edit_that_is_refused_changes_nothing<P: Place>(world: &mut World<P>) {
    world.configuration.max_checks = 4;
    world.declare(&["filed"]);
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let made = edit(world, create(check("made"))).unwrap();
    let before = world.summary();
    let filed = world.id("filed");
    let mut circle = check("made");
    circle.depends_on = vec![name("made")].into();
    let mut nothing = check("other");
    nothing.depends_on = vec![name("nothing")].into();
    let refused: [(Edit, &str); 10] = [
        (create(check("filed")), "there is a check of the name `filed` already"),
        (create(check("made")), "there is a check of the name `made` already"),
        (create(canary("A", "a", "bbbbbbbb")), "another one has this slug already"),
        (create(canary("B", "b", "aaaaaaaa")), "`aaaaaaaa` cannot be an id here"),
        (create(canary("B", "b", "B")), "`B` cannot be an id here"),
        (update(filed, check("filed")), "it is declared in checks.yaml:1: change it there"),
        (Edit::Delete { check: CheckId(99) }, "there is no such check"),
        (update(made, check("filed")), "there is a check of the name `filed` already"),
        (update(made, circle), "it would depend on itself, through `made`"),
        (create(nothing), "it would depend on `nothing`, which is no check"),
    ];
    for (refused, why) in refused {
        assert_eq!(edit(world, refused).unwrap_err().to_string(), why);
    }
    edit(world, create(check("fourth"))).unwrap();
    let error = edit(world, create(check("fifth"))).unwrap_err();
    assert!(matches!(error, EditError::TooMany { max: 4 }), "{error}");
    let fourth = world.id("fourth");
    edit(world, Edit::Delete { check: fourth }).unwrap();
    let after = world.summary();
    assert_eq!(after, before);
}

/// 8.3, 16.3
pub(crate) fn what_would_depend_on_itself_is_refused_by_whatever_way<P: Place>(world: &mut World<P>) {
    let on = |me: &str, others: &[&str]| {
        let mut definition = check(me);
        definition.depends_on = others.iter().map(|other| name(other)).collect();
        definition
    };
    let end = edit(world, create(check("end"))).unwrap();
    edit(world, create(on("left", &["end"]))).unwrap();
    edit(world, create(on("right", &["end"]))).unwrap();
    let top = edit(world, create(on("top", &["left", "right", "end", "end"]))).unwrap();
    let refuse = |world: &mut World<P>, edits: Vec<Edit>, why: &str| {
        let now = world.now;
        assert_eq!(world.store().edit_all(edits, "ann", now).unwrap_err().error.to_string(), why);
    };
    refuse(
        world,
        vec![update(end, on("end", &["right", "top"]))],
        "it would depend on itself, through `right`",
    );
    refuse(world, vec![update(end, on("end", &["top"]))], "it would depend on itself, through `top`");
    refuse(world, vec![create(on("new", &["left", "new"]))], "it would depend on itself, through `new`");
    // As the edits before it leave them.
    let first = update(top, on("top", &[]));
    refuse(
        world,
        vec![first.clone(), update(end, on("end", &["top"])), update(top, on("top", &["left"]))],
        "it would depend on itself, through `left`",
    );
    let now = world.now;
    world.store().edit_all(vec![first, update(end, on("end", &["top"]))], "ann", now).unwrap();
    // What is gone is no check, also where the way has come by it before.
    edit(world, Edit::Delete { check: end }).unwrap();
    let why = "it would depend on `end`, which is no check";
    refuse(world, vec![create(on("new", &["left", "end"]))], why);
}

/// 16.5
pub(crate) fn a_canary_is_found_by_its_id_and_slug_and_named_after_them<P: Place>(world: &mut World<P>) {
    let named = |world: &mut World<P>, slug: &str, id: &str| {
        let check = edit(world, create(canary("x", slug, id))).unwrap();
        let live = world.store().live();
        let found = live.find_alias(id).unwrap();
        assert_eq!(found.id, check);
        assert_eq!(live.directory().by_slug(&Origin::new("coal_mine"), slug).unwrap().id, check);
        assert!(live.directory().by_slug(&Origin::new("nights_watch"), slug).is_none());
        found.definition.name.to_string()
    };
    world.declare(&["filed"]);
    assert_eq!(named(world, "nightly", "aaaaaaaa"), "nightly");
    assert_eq!(named(world, "h\u{e9}llo", "bbbbbbbb"), "bbbbbbbb", "no name of a check");
    assert_eq!(named(world, "filed", "cccccccc"), "cccccccc", "a name that is taken");
    let mut watcher = canary("w", "nightly", "dddddddd");
    watcher.alias.as_mut().unwrap().origin = Origin::new("nights_watch");
    edit(world, create(watcher)).unwrap();
    world.reopen();
    let live = world.store().live();
    assert_eq!(live.find_alias("dddddddd").unwrap().definition.name.as_str(), "dddddddd");
    assert_eq!(
        live.directory().by_slug(&Origin::new("nights_watch"), "nightly").unwrap().definition.title,
        "w".into()
    );
}

/// 10.3, 16.3
pub(crate) fn what_is_deleted_frees_its_names_at_once<P: Place>(world: &mut World<P>) {
    world.declare(&["filed"]);
    let first = edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.ping("a", PingKind::Fail);
    edit(world, Edit::Delete { check: first }).unwrap();
    assert!(matches!(edit(world, Edit::Delete { check: first }), Err(EditError::NoSuchCheck)));
    for _ in 0..2 {
        assert!(world.store().live().find("a").is_none());
        assert!(world.store().live().find_alias("aaaaaaaa").is_none());
        world.reopen();
    }
    let second = edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    assert_ne!(first, second);
    assert_eq!(world.state("a").status(), Status::New, "it is another one");
    world.reopen();
    assert_eq!(world.id("a"), second);
}

/// 16.3
pub(crate) fn an_update_keeps_identity_and_history<P: Place>(world: &mut World<P>) {
    let id = edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.ping("a", PingKind::Success);
    let mut definition = definition(world, "a");
    definition.title = "B".into();
    Arc::make_mut(&mut definition.spec).schedule = Schedule::Every(Span::secs(600));
    definition.alias.as_mut().unwrap().slug = "b".to_owned();
    definition.alias.as_mut().unwrap().id = "zzzzzzzz".to_owned();
    assert_eq!(edit(world, update(id, definition)).unwrap(), id);
    for _ in 0..2 {
        let live = world.store().live();
        let check = live.find("b").unwrap();
        assert_eq!((check.id, &*check.definition.title), (id, "B"));
        assert_eq!(live.find("a").unwrap().id, id, "the old address works");
        assert_eq!(live.find_alias("aaaaaaaa").unwrap().id, id, "its id stays");
        assert!(live.directory().by_slug(&Origin::new("coal_mine"), "a").is_none());
        assert_eq!(world.state("b").counters.pings[0], 1);
        assert_eq!(world.store().next_deadline(), Some(world.now + Span::secs(600)));
        world.reopen();
    }
    edit(world, create(check("a"))).unwrap();
    assert_ne!(world.id("a"), id, "until somebody else takes it");
}

/// 16.2
pub(crate) fn a_file_takes_over_what_an_api_made<P: Place>(world: &mut World<P>) {
    let id = edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.ping("a", PingKind::Success);
    world.declare(&["a"]);
    for _ in 0..2 {
        let now = definition(world, "a");
        assert_eq!((world.id("a"), world.state("a").counters.pings[0]), (id, 1));
        assert_eq!(now.alias.unwrap().id, "aaaaaaaa");
        assert!(now.emails.is_empty(), "they are the file's");
        let refused = edit(world, Edit::Delete { check: id });
        assert!(matches!(refused, Err(EditError::DeclaredInFile { .. })));
        world.reopen();
    }
    assert_eq!(world.configure().unwrap(), punctual::store::Changes::default());
    assert_eq!(world.declare(&[]).archived, [name("a")]);
    assert!(world.store().live().find_alias("aaaaaaaa").is_none());
    // Back again, it is the same one; but what somebody else has by now is theirs.
    edit(world, create(canary("B", "b", "aaaaaaaa"))).unwrap();
    assert_eq!(world.declare(&["a"]).returned, [name("a")]);
    assert_eq!((world.id("a"), definition(world, "a").alias), (id, None));
}

pub(crate) fn several_edits_are_all_or_nothing<P: Place>(world: &mut World<P>) {
    let now = world.now;
    let twice = vec![create(canary("A", "a", "aaaaaaaa")), create(check("b")), create(check("a"))];
    let refused = world.store().edit_all(twice, "ann", now).unwrap_err();
    assert!(refused.index == 2 && matches!(refused.error, EditError::NameTaken(_)), "{refused}");
    assert!(world.store().live().directory().checks.is_empty());
    let ids = world.store().edit_all(vec![create(check("a")), create(check("b"))], "ann", now).unwrap();
    // A name goes over within one call.
    let edits = vec![Edit::Delete { check: ids[0] }, update(ids[1], check("a")), create(check("b"))];
    let edited = world.store().edit_all(edits, "ann", now).unwrap();
    for _ in 0..2 {
        assert_eq!((world.id("a"), world.id("b")), (ids[1], edited[2]));
        world.reopen();
    }
}

/// Every way to every check: its names, id and slug.
fn ways<P: Place>(world: &mut World<P>) -> Vec<String> {
    let directory = world.store().live().directory();
    for check in directory.checks.iter() {
        let named = directory.named(check.definition.name.as_str()).unwrap();
        assert!(Arc::ptr_eq(&named.check, check), "what is listed is found");
    }
    let listed = directory.checks.iter().map(|check| format!("{} {}", check.definition.name, check.id.0));
    let mut ways: Vec<String> = listed.collect();
    assert!(directory.checks.iter().is_sorted_by_key(|check| check.definition.name.clone()));
    let now = directory.by_name.iter().map(|(ByName(check), ())| &check.definition.name);
    for name in now.chain(directory.by_former_name.iter().map(|(name, _)| name)) {
        ways.push(format!("by {name}: {}", directory.named(name.as_str()).unwrap().check.definition.name));
    }
    for (id, check) in directory.by_alias.iter() {
        let canary = check.definition.alias.as_ref().unwrap();
        assert_eq!((&canary.id, directory.by_slug(&canary.origin, &canary.slug).unwrap().id), (id, check.id));
        ways.push(format!("by {id}: {}", check.definition.name));
    }
    ways.sort();
    ways
}

/// 10.3
pub(crate) fn a_former_name_is_found_once_nobody_has_it<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.ping("a", PingKind::Success);
    let (a, b) = (world.id("a"), edit(world, create(check("b"))).unwrap());
    let new = Definition { renamed_from: vec![name("a"), name("b")].into(), ..check("new") };
    world.configuration.checks = vec![new];
    world.configure().unwrap();
    assert_eq!((world.id("new"), world.id("b")), (a, b));
    edit(world, Edit::Delete { check: b }).unwrap();
    for _ in 0..2 {
        assert_eq!(world.store().live().find("b").map(|check| check.id), Some(a));
        world.reopen();
    }
}

/// 16.2, 10.3: what was given away while a check was archived is gone, also if both return at once.
pub(crate) fn two_that_return_do_not_share_an_alias<P: Place>(world: &mut World<P>) {
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    let x = Definition { renamed_from: vec![name("a")].into(), ..check("x") };
    world.configuration.checks = vec![x];
    world.configure().unwrap();
    world.declare(&[]);
    edit(world, create(canary("A", "a", "aaaaaaaa"))).unwrap();
    world.declare(&["a"]);
    world.declare(&[]);
    world.configuration.checks = vec![check("x"), check("a")];
    world.configure().unwrap();
    for _ in 0..2 {
        let directory = world.store().live().directory();
        let with_alias = directory.checks.iter().filter(|check| check.definition.alias.is_some());
        assert_eq!(with_alias.count(), 1);
        assert!(directory.by_alias.contains_key("aaaaaaaa"));
        drop(directory);
        world.reopen();
    }
}

pub(crate) fn who_looks_at_the_list_keeps_what_it_saw<P: Place>(world: &mut World<P>) {
    world.declare(&["a", "b"]);
    let live = world.store().live();
    let id = edit(world, create(check("c"))).unwrap();
    let looking = live.directory();
    edit(world, update(id, Definition { title: "C".into(), ..check("c") })).unwrap();
    assert_eq!(*live.find("c").unwrap().definition.title, *"C");
    edit(world, Edit::Delete { check: id }).unwrap();
    assert_eq!((looking.checks.len(), live.directory().checks.len()), (3, 2));
    assert_ne!(*looking.named("c").unwrap().check.definition.title, *"C");
}

/// What is changed piece by piece comes to the same as all of it made anew.
pub(crate) fn readers_find_what_a_new_start_shows<P: Place>(world: &mut World<P>) {
    world.declare(&["c0", "other"]);
    let mut random = 7_u64;
    let mut refused = 0;
    for round in 0..200 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (slug, id) = (format!("c{}", (random >> 33) % 6), char::from(b'a' + (random >> 40) as u8 % 6));
        let directory = world.store().live().directory();
        let some =
            directory.checks.iter().nth((random >> 48) as usize % directory.checks.len()).unwrap().clone();
        let one = match random >> 62 {
            0 => Edit::Delete { check: some.id },
            1 => {
                let mut definition = (*some.definition).clone();
                definition.title = format!("round {round}").into();
                definition.alias.iter_mut().for_each(|canary| canary.slug.clone_from(&slug));
                update(some.id, definition)
            }
            _ => create(canary("x", &slug, &id.to_string().repeat(8))),
        };
        refused += u32::from(edit(world, one).is_err());
        if round % 10 == 0 {
            let seen = ways(world);
            world.reopen();
            assert_eq!(ways(world), seen, "round {round}");
        }
    }
    assert!((20..150).contains(&refused), "{refused}");
}
