//! Many worlds, each from one seed.
//!
//! `PUNCTUAL_SIM_SEEDS=N` runs so many (300), `PUNCTUAL_SIM_SEED=S` one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use punctual::core::time::Span;

use crate::evidence::Evidence;
use crate::fate::Fate;
use crate::least;
use crate::properties::hold;
use crate::settings::Setting;
use crate::tally::Tally;
use crate::world::World;

const SEEDS: u64 = 300;

fn env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// In memory where the system has a place for that.
fn folder() -> tempfile::TempDir {
    let memory = PathBuf::from("/dev/shm");
    tempfile::tempdir_in(&memory).or_else(|_| tempfile::tempdir()).unwrap()
}

/// What one world came to.
struct Outcome {
    hash: u64,
    tally: Tally,
    evidence: Evidence,
}

fn live(seed: u64, setting: Setting) -> Result<Outcome, String> {
    let folder = folder();
    let mut world = World::new(seed, folder.path(), setting);
    let lived = catch_unwind(AssertUnwindSafe(|| {
        world.run();
        assert!(world.server.is_up(), "the process lives at the end");
        assert!(world.server.look(world.diary.now, || Fate::Fine), "nothing fails in the calm");
        assert!(world.dead_is_bad(), "a job never ran, and nobody says so (2.5)");
        world.server.hold_readers();
        world.prune_to_the_end();
        let evidence = Evidence::read(&world);
        let tally = hold(&world, &evidence);
        drain(&mut world);
        (tally, evidence)
    }));
    match lived {
        Ok((tally, evidence)) => Ok(Outcome { hash: world.trace.hash, tally, evidence }),
        Err(panic) => {
            let tail = world.trace.tail.join("\n");
            Err(format!("{tail}\nat {}: {}", world.diary.now, what_was_said(&*panic)))
        }
    }
}

fn what_was_said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

/// Once nothing is declared any more, nothing is left to be told (12.5, 12.6).
fn drain(world: &mut World) {
    world.remove_everything();
    for _ in 0..1000 {
        world.diary.ends = world.diary.now + Span::secs(30);
        world.run();
        if world.server.process().wakes().claim.is_none() && world.receivers.under_way.is_empty() {
            break;
        }
    }
    let totals = &world.server.process().live.totals;
    assert_eq!(totals.incidents_open.load(Ordering::Relaxed), 0, "an incident outlives its check (10.3)");
    assert_eq!(totals.deliveries_pending.load(Ordering::Relaxed), 0, "the outbox does not drain (12.5)");
}

/// Runs worlds on all cores; reports the first that breaks with the command that repeats it.
fn worlds(seeds: &[u64], test: &str, run: impl Fn(u64) -> Result<Tally, String> + Sync) -> Tally {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Tally::default());
    let failed = Mutex::new(None);
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while failed.lock().unwrap().is_none() {
                    let place = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some(seed) = seeds.get(place) else { return };
                    match run(*seed) {
                        Ok(tally) => total.lock().unwrap().add(&tally),
                        Err(story) => {
                            failed.lock().unwrap().get_or_insert((*seed, story));
                        }
                    }
                }
            });
        }
    });
    if let Some((seed, story)) = failed.into_inner().unwrap() {
        panic!(
            "{story}\n\nseed {seed} breaks a property (above: what was said last). It is repeated by\n  \
             PUNCTUAL_SIM_SEED={seed} cargo test --test sim -- --exact {test}\n"
        );
    }
    total.into_inner().unwrap()
}

fn seeds(of: u64) -> Vec<u64> {
    match env("PUNCTUAL_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (1..=of.max(1)).collect(),
    }
}

/// Lives through worlds of a kind, `usual` of them where nobody wants more or fewer. Says what happened, and holds that it
/// was enough, unless there were fewer.
fn hold_in_worlds(test: &str, setting: Setting, usual: u64, least: &[(&str, u64)]) {
    let seeds = seeds(env("PUNCTUAL_SIM_SEEDS").unwrap_or(SEEDS) * usual / SEEDS);
    let tally = worlds(&seeds, &format!("simulation::{test}"), |seed| {
        live(seed, setting).map(|outcome| outcome.tally)
    });
    eprintln!("{} worlds of {setting:?}: {tally:#?}", seeds.len());
    if seeds.len() as u64 >= usual {
        tally.assert_least(seeds.len(), least);
    }
}

/// Nothing is late that was on time, nothing late is missed or doubled, and no page is lost.
#[test]
fn worlds_keep_every_promise() {
    hold_in_worlds("worlds_keep_every_promise", Setting::Mortal, SEEDS, least::MORTAL);
}

/// 12.3: hundreds that are late at once are all told, the most severe first, in messages that name all that they tell of.
#[test]
fn crowds_are_told_whole() {
    hold_in_worlds("crowds_are_told_whole", Setting::Crowd { checks: 600 }, SEEDS / 100, least::CROWDS);
}

/// The same, where indexes are larger than one claim, one piece of a reload and one look at a time.
#[test]
fn crowds_of_two_thousand_are_told_whole() {
    let crowd = Setting::Crowd { checks: 2_000 };
    hold_in_worlds("crowds_of_two_thousand_are_told_whole", crowd, SEEDS / 300, least::CROWDS_OF_THOUSANDS);
}

/// 9.4, 9.5: what is late, and when, follows from the log of pings and absences alone.
#[test]
fn absences_are_judged_by_the_log_alone() {
    hold_in_worlds("absences_are_judged_by_the_log_alone", Setting::Absences, SEEDS / 20, least::ABSENCES);
}

/// 11.2: what people say of an incident holds until it ends or they say otherwise.
#[test]
fn what_people_say_of_an_incident_stands() {
    hold_in_worlds("what_people_say_of_an_incident_stands", Setting::People, SEEDS / 10, least::PEOPLE);
}

/// 11.2, 22.4: what waits beside an acknowledgement is told once, and what it held is told anew when it ends.
#[test]
fn what_waits_is_told_once_whoever_acknowledges_and_reopens() {
    let test = "what_waits_is_told_once_whoever_acknowledges_and_reopens";
    hold_in_worlds(test, Setting::Answers, SEEDS / 20, least::ANSWERS);
}

/// 12.4: whoever took nothing for long hears the rest once he takes something.
#[test]
fn what_was_given_up_follows_what_was_taken() {
    hold_in_worlds("what_was_given_up_follows_what_was_taken", Setting::Outages, SEEDS / 15, least::OUTAGES);
}

/// 1.3: a tick inserted anywhere changes nothing.
#[test]
fn worlds_are_the_same_with_ticks_anywhere() {
    let seeds = seeds(env("PUNCTUAL_SIM_SEEDS").unwrap_or(SEEDS) / 6);
    worlds(&seeds, "simulation::worlds_are_the_same_with_ticks_anywhere", |seed| {
        let twin = |with_ticks| live(seed, Setting::Twin { with_ticks });
        let (one, other) = (twin(false)?, twin(true)?);
        for (check, flips) in &one.evidence.flips {
            if other.evidence.flips.get(check) != Some(flips) {
                let other = other.evidence.flips.get(check).cloned().unwrap_or_default();
                let place = flips
                    .iter()
                    .zip(&other)
                    .position(|(a, b)| a != b)
                    .unwrap_or(flips.len().min(other.len()));
                let (without, with) = (flips.get(place), other.get(place));
                return Err(format!(
                    "ticks changed flip {place} of check {check}: {without:#?} became {with:#?}"
                ));
            }
        }
        if one.evidence.judgements != other.evidence.judgements {
            return Err("ticks changed the judgements".to_owned());
        }
        Ok(one.tally)
    });
}

#[test]
fn the_same_seed_makes_the_same_trace() {
    let seeds = seeds(8);
    worlds(&seeds, "simulation::the_same_seed_makes_the_same_trace", |seed| {
        let (one, other) = (live(seed, Setting::Mortal)?, live(seed, Setting::Mortal)?);
        if one.hash != other.hash {
            return Err(format!("{:x} is not {:x}", one.hash, other.hash));
        }
        eprintln!("seed {seed}: trace {:016x}", one.hash);
        Ok(one.tally)
    });
}
