//! All declared checks, in their order and by all that names them.
//!
//! Readers hold on to a list for as long as they like. It is made of pieces that its copies share, so that a change copies the
//! few pieces that it touches, however many checks there are.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::check::Check;
use super::list::CheckList;
use crate::core::check::{Name, Origin};
use crate::core::refs::Refs;

/// All declared checks.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub checks: CheckList,
    /// Those that punctual looks at itself (17.1b).
    pub probed: CheckList,
    pub by_name: Shards<ByName, ()>,
    /// By former names, which no check has now.
    pub by_former_name: Shards<Name, Arc<Check>>,
    /// Checks with an alias, by its id.
    pub by_alias: Shards<String, Arc<Check>>,
    by_slug: HashMap<Origin, Shards<String, Arc<Check>>>,
    /// Made when somebody first asks: of a million checks it takes a while, and most lists are never asked.
    refs: OnceLock<Arc<Refs>>,
}

/// A check, found by its name. Of a million, the names need no room of their own.
#[derive(Clone, Debug)]
pub struct ByName(pub Arc<Check>);

impl Borrow<str> for ByName {
    fn borrow(&self) -> &str {
        self.0.definition.name.as_str()
    }
}

impl Hash for ByName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.definition.name.hash(state);
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &ByName) -> bool {
        self.0.definition.name == other.0.definition.name
    }
}

impl Eq for ByName {}

/// What a name leads to.
#[derive(Clone, Debug)]
pub struct Named {
    pub check: Arc<Check>,
    /// Whether the name is a former name of it.
    pub by_former_name: bool,
}

impl Directory {
    /// A directory of these checks, and of former names.
    pub fn new(checks: Vec<Arc<Check>>, former: impl IntoIterator<Item = (Name, Arc<Check>)>) -> Directory {
        let mut directory = Directory::default();
        checks.iter().for_each(|check| directory.name(check));
        let probed = checks.iter().filter(|check| check.definition.spec.is_probed()).cloned();
        directory.probed = CheckList::new(probed.collect());
        directory.checks = CheckList::new(checks);
        for (name, check) in former {
            directory.point(&name, Some(check));
        }
        directory
    }

    /// The refs of all checks (24.1).
    pub fn refs(&self) -> Arc<Refs> {
        let of_all = || Arc::new(Refs::of(self.checks.iter().map(|check| &*check.definition)));
        self.refs.get_or_init(of_all).clone()
    }

    fn name(&mut self, check: &Arc<Check>) {
        self.refs.take();
        self.by_former_name.remove(&check.definition.name);
        self.by_name.insert(ByName(check.clone()), ());
        if let Some(alias) = &check.definition.alias {
            self.by_alias.insert(alias.id.clone(), check.clone());
            self.by_slug.entry(alias.origin.clone()).or_default().insert(alias.slug.clone(), check.clone());
        }
    }

    /// Adds a check whose name, id and slug are not in the directory yet.
    pub fn add(&mut self, check: &Arc<Check>) {
        self.checks.add(check.clone());
        if check.definition.spec.is_probed() {
            self.probed.add(check.clone());
        }
        self.name(check);
    }

    /// Removes a check, if it is there. Its former names stay: see [`Directory::point`].
    pub fn take_out(&mut self, check: &Check) {
        if !self.checks.take_out(check) {
            return;
        }
        self.refs.take();
        self.probed.take_out(check);
        self.by_name.remove(check.definition.name.as_str());
        if let Some(alias) = &check.definition.alias {
            if self.by_alias.get(&alias.id).is_some_and(|other| other.id == check.id) {
                self.by_alias.remove(&alias.id);
            }
            if let Some(of_origin) = self.by_slug.get_mut(&alias.origin)
                && of_origin.get(&alias.slug).is_some_and(|other| other.id == check.id)
            {
                of_origin.remove(&alias.slug);
            }
        }
    }

    /// Says which check has this former name, or that none has it. A check that has the name now keeps it.
    pub fn point(&mut self, former: &Name, check: Option<Arc<Check>>) {
        match check {
            Some(check) if !self.by_name.contains_key(former.as_str()) => {
                self.by_former_name.insert(former.clone(), check);
            }
            _ => self.by_former_name.remove(former),
        }
    }

    /// The check that has this name, or had it.
    pub fn named(&self, name: &str) -> Option<Named> {
        let now = || Some(Named { check: self.by_name.get_key(name)?.0.clone(), by_former_name: false });
        let formerly = || Some(Named { check: self.by_former_name.get(name)?.clone(), by_former_name: true });
        now().or_else(formerly)
    }

    /// The check that has this slug in an origin.
    pub fn by_slug(&self, origin: &Origin, slug: &str) -> Option<&Arc<Check>> {
        self.by_slug.get(origin)?.get(slug)
    }
}

/// A map in pieces. A copy shares them.
#[derive(Clone, Debug)]
pub struct Shards<K, V> {
    shards: Box<[Arc<HashMap<K, V>>]>,
}

/// A shard of a million has a thousand.
const SHARDS: usize = 1024;

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Shards { shards: vec![Arc::default(); SHARDS].into() }
    }
}

impl<K: Hash + Eq, V> Shards<K, V> {
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.shards[shard_of(key)].get(key)
    }

    /// The key itself, which may know more than what it is found by.
    pub fn get_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&K>
    where
        K: Borrow<Q>,
    {
        self.shards[shard_of(key)].get_key_value(key).map(|(key, _)| key)
    }

    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// All, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }
}

impl<K: Clone + Hash + Eq, V: Clone> Shards<K, V> {
    fn insert(&mut self, key: K, value: V) {
        let shard = Arc::make_mut(&mut self.shards[shard_of(&key)]);
        // A map keeps the key that it has, which may know another check.
        shard.remove(&key);
        shard.insert(key, value);
    }

    fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let shard = &mut self.shards[shard_of(key)];
        if shard.contains_key(key) {
            Arc::make_mut(shard).remove(key);
        }
    }
}

/// A hash that is the same in every copy. Whoever chose names that share a shard would have each edit of them copy all of these,
/// which is what one edit of any list cost before: bounded by `max_checks`.
fn shard_of<Q: Hash + ?Sized>(key: &Q) -> usize {
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
    usize::try_from(hash % SHARDS as u64).expect("it is less than the number of shards")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::core::check::{CheckId, Definition, Source, Spec};
    use crate::core::fixtures::{probed_at, random_numbers};
    use crate::core::schedule::Schedule;
    use crate::core::state::State;
    use crate::core::time::{Span, Time};
    use crate::core::window::WindowCount;
    use crate::store::live::check::Known;

    fn check(id: u64, name: &str) -> Arc<Check> {
        let spec = Spec::new(Schedule::Every(Span::mins(1)));
        let known = Known {
            state: State::declared(&spec, Time::from_secs(0)),
            window: WindowCount::new(Span::mins(1)),
        };
        let definition = Definition::new(Name::parse(name).unwrap(), spec, Source::Api);
        Arc::new(Check::new(CheckId(id), Arc::new(definition), known))
    }

    /// Checks `c0` and so on, each of which has the number of its name.
    fn many(count: u64) -> Vec<Arc<Check>> {
        (0..count).map(|i| check(i, &format!("c{i}"))).collect()
    }

    fn names<'a>(checks: impl Iterator<Item = &'a Arc<Check>>) -> Vec<String> {
        checks.map(|check| check.definition.name.to_string()).collect()
    }

    #[test]
    fn a_list_in_pieces_is_a_sorted_list() {
        let mut list = CheckList::new(many(3000));
        let mut model: BTreeMap<String, u64> = (0..3000).map(|i| (format!("c{i}"), i)).collect();
        for (round, random) in (0..20_000).zip(random_numbers(11)) {
            // At first it grows, and then it shrinks to nothing.
            let (i, grows) = ((random >> 33) % 9000, round < 12_000);
            let name = format!("c{i}");
            if model.contains_key(&name) {
                assert!(grows || list.take_out(&check(i, &name)));
                model.retain(|other, _| grows || *other != name);
            } else if grows {
                list.add(check(i, &name));
                model.insert(name.clone(), i);
            } else {
                assert!(!list.take_out(&check(i, &name)), "it is not there");
            }
            if round % 1000 == 0 {
                assert_eq!(names(list.iter()), model.keys().cloned().collect::<Vec<_>>());
                let after: Vec<String> = model.keys().filter(|other| **other > name).cloned().collect();
                assert_eq!(names(list.after(&name)), after);
            }
            assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
        }
        for name in std::mem::take(&mut model).into_keys() {
            assert!(list.take_out(&check(name[1..].parse().unwrap(), &name)));
        }
        assert!(list.is_empty() && list.pieces.is_empty());
        assert!(!list.take_out(&check(1, "c1")));
        list.add(check(1, "c1"));
        assert_eq!(names(list.after("")), ["c1"]);
    }

    /// 17.5b: whoever looks at checks sees when there are others.
    #[test]
    fn what_punctual_looks_at_is_a_list_that_tells_when_it_changes() {
        let probed = |id: u64| {
            let mut check = check(id, &format!("c{id}"));
            let definition = Arc::make_mut(&mut Arc::get_mut(&mut check).expect("it is new").definition);
            Arc::make_mut(&mut definition.spec).assert = Some(probed_at("http://127.0.0.1/").into());
            check
        };
        let mut directory = Directory::new([many(3), vec![probed(7)]].concat(), []);
        assert_eq!(names(directory.probed.iter()), ["c7"]);
        let before = directory.probed.clone();
        directory.add(&check(8, "c8"));
        assert!(directory.probed.is_copy_of(&before));
        directory.take_out(&probed(7));
        assert!(directory.probed.is_empty() && !directory.probed.is_copy_of(&before));
        directory.add(&probed(7));
        assert!(directory.probed.len() == 1 && !directory.probed.is_copy_of(&before));
    }

    #[test]
    fn another_check_of_the_same_name_stays() {
        let mut directory = Directory::new(many(3), []);
        directory.take_out(&check(7, "c1"));
        assert_eq!(directory.named("c1").unwrap().check.id, CheckId(1));
        assert_eq!(directory.checks.len(), 3);
    }

    #[test]
    fn a_former_name_leads_to_its_check_while_no_other_has_it() {
        let (mut directory, c1) = (Directory::new(many(3), []), check(1, "c1"));
        let leads_to = |directory: &Directory, name: &str| {
            directory.named(name).map(|named| (named.check.id.0, named.by_former_name))
        };
        let name = |text: &str| Name::parse(text).unwrap();
        directory.point(&name("old"), Some(c1.clone()));
        directory.point(&name("c2"), Some(c1.clone()));
        assert_eq!(leads_to(&directory, "old"), Some((1, true)));
        assert_eq!(leads_to(&directory, "c2"), Some((2, false)));
        directory.take_out(&check(2, "c2"));
        directory.point(&name("c2"), Some(c1));
        assert_eq!(leads_to(&directory, "c2"), Some((1, true)));
        directory.point(&name("c2"), None);
        directory.point(&name("c0"), None);
        assert_eq!(leads_to(&directory, "c2"), None);
        assert_eq!(leads_to(&directory, "c0"), Some((0, false)));
    }

    #[test]
    fn a_change_copies_little_of_a_list_that_somebody_looks_at() {
        let before = Directory::new(many(20_000), []);
        let mut after = before.clone();
        after.add(&check(20_000, "new"));
        after.take_out(&check(5, "c5"));
        let others = |a: &[Arc<Vec<Arc<Check>>>], b: &[Arc<Vec<Arc<Check>>>]| {
            a.iter().filter(|piece| !b.iter().any(|other| Arc::ptr_eq(piece, other))).count()
        };
        assert_eq!(others(&after.checks.pieces, &before.checks.pieces), 2);
        let shards = after.by_name.shards.iter().zip(&before.by_name.shards);
        assert_eq!(shards.filter(|(a, b)| !Arc::ptr_eq(a, b)).count(), 2);
        assert_eq!((before.checks.len(), after.checks.len()), (20_000, 20_000));
        assert!(before.by_name.contains_key("c5") && !after.by_name.contains_key("c5"));
    }
}
