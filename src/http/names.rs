//! Names that are pinged and should not be: names that no check has, since a job is new and not declared yet or its name is
//! mistyped, and former names.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::decode;
use crate::core::check::Name;
use crate::core::time::Time;
use crate::store::live::Live;

/// The unknown names that were pinged last. Written by the handler of pings, read by the first page.
#[derive(Debug, Default)]
pub struct UnknownNames(Mutex<VecDeque<UnknownName>>);

/// A name that was pinged and that no check has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// As it was asked for, without control characters, at most [`Name::MAX_BYTES`] characters.
    pub name: String,
    /// How often, since it was first seen.
    pub count: u64,
    /// When last.
    pub last: Time,
    /// From where last.
    pub source: IpAddr,
}

impl UnknownNames {
    /// More are not kept: the one that was pinged longest ago is forgotten.
    pub const MAX: usize = 100;

    /// A ping came for this name.
    pub fn note(&self, name: &[u8], source: IpAddr, now: Time) {
        let name = decode::shown(name, Name::MAX_BYTES);
        tracing::debug!(name, %source, "a ping to a name that no check has");
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = names.iter().position(|known| known.name == name);
        let before = at.and_then(|at| names.remove(at)).map_or(0, |known| known.count);
        names.push_front(UnknownName { name, count: before + 1, last: now, source });
        names.truncate(UnknownNames::MAX);
    }

    /// Those for which `is_known` does not hold by now, the last one first.
    pub fn list(&self, is_known: impl Fn(&str) -> bool) -> Vec<UnknownName> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|unknown| !is_known(&unknown.name));
        names.iter().cloned().collect()
    }
}

/// Former names whose use was logged already; at most [`FormerNames::MAX`].
#[derive(Debug, Default)]
pub struct FormerNames(Mutex<BTreeSet<String>>);

impl FormerNames {
    const MAX: usize = 1000;

    /// Says once that a check was pinged by its former name (10.3).
    pub(super) fn log_use(&self, former: &str, live: &Live) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < FormerNames::MAX
            && !names.contains(former)
            && let Some(check) = live.find(former)
        {
            names.insert(former.to_owned());
            let check = &check.definition.name;
            tracing::warn!(former, %check, "a check is pinged by its former name: change the URL in its job");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Time {
        Time::from_secs(secs)
    }

    fn from(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn the_last_hundred_unknown_names_are_kept() {
        let names = UnknownNames::default();
        for i in 0..150 {
            names.note(format!("job-{i}").as_bytes(), from(1), at(i));
        }
        names.note(b"job-60", from(2), at(200));
        let list = names.list(|_| false);
        assert_eq!(list.len(), UnknownNames::MAX);
        let last = UnknownName { name: "job-60".into(), count: 2, last: at(200), source: from(2) };
        assert_eq!(list[0], last);
        assert_eq!(list[1].name, "job-149");
        assert!(!list.iter().any(|unknown| unknown.name == "job-49"));
    }

    #[test]
    fn a_name_that_was_declared_since_is_gone() {
        let names = UnknownNames::default();
        names.note(b"a", from(1), at(1));
        names.note(b"b", from(1), at(2));
        let left: Vec<String> =
            names.list(|name| name == "a").into_iter().map(|unknown| unknown.name).collect();
        assert_eq!(left, ["b"]);
        assert_eq!(names.list(|_| false).len(), 1);
    }
}
