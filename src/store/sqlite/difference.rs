//! What memory knows must be what a start would read: asked after calls that failed, where the program is tested.

use std::collections::BTreeMap;

use super::memory::{Memory, Slot};
use super::outbox::shown::shown as shown_of_outbox;
use crate::core::check::CheckId;

/// What of memory is otherwise than in one that was just read; `None`: nothing that rows hold.
pub(super) fn difference(known: &Memory, read: &Memory) -> Option<String> {
    let other = |((what, known), (_, read)): ((&str, String), (&str, String))| {
        (known != read).then(|| format!("{what}: {known}, and not {read}"))
    };
    // One that is up to date may be written once more.
    let behind = read.behind.checks().find(|check| !known.behind.is_behind(*check));
    difference_of_checks(known, read)
        .or_else(|| behind.map(|check| format!("the row of {check:?} is behind")))
        .or_else(|| shown(known).into_iter().zip(shown(read)).find_map(other))
}

fn difference_of_checks(known: &Memory, read: &Memory) -> Option<String> {
    let is_same = |known: &Slot, read: &Slot| {
        let (a, b) = (known.check.known(), read.check.known());
        known.check.definition == read.check.definition
            && (known.last_ping, known.pings) == (read.last_ping, read.pings)
            && (&a.state, &a.window) == (&b.state, &b.window)
    };
    let other = |(id, read): (CheckId, &Slot)| {
        let known = known.checks.get(id);
        let is_other = known.is_none_or(|known| !is_same(known, read));
        is_other.then(|| format!("{id:?}: {known:?}, and not {read:?}"))
    };
    read.checks.iter().find_map(other)
}

/// What rows hold, in words: two memories that were made of the same rows say the same.
fn shown(memory: &Memory) -> Vec<(&'static str, String)> {
    let Memory { former, blind, numbers, mutes, projection, bad, archived, .. } = memory;
    let names = memory.by_name.iter().map(|named| (&named.0.definition.name, named.0.id));
    let happenings = memory.happenings.iter().filter(|(_, count)| **count > 0);
    let mut shown = vec![
        ("checks", format!("{}", memory.checks.len())),
        ("names", format!("{:?} {:?}", names.collect::<BTreeMap<_, _>>(), former.by_name())),
        ("numbers", format!("{numbers:?}, up to {}", memory.behind.up_to())),
        ("blind windows", format!("{blind:?}")),
        ("the next deadline", format!("{:?}", memory.next_due())),
        ("bad or archived checks", format!("{bad:?} {archived:?}")),
        ("mutes", format!("{:?}", mutes.to_vec())),
        ("alerts", format!("{:?}", projection.alerts)),
        ("happenings", format!("{:?}", happenings.collect::<BTreeMap<_, _>>())),
        ("what is judged again", format!("{:?}", memory.judge_again.keys())),
    ];
    shown.extend(shown_of_outbox(&memory.outbox));
    shown
}
