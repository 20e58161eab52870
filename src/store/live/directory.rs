//! All declared checks, in their order and by all that names them.
//!
//! Readers hold on to a list for as long as they like. It is made of pieces that its copies share, so that a change copies the
//! few pieces that it touches, however many checks there are.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::check::Check;
use crate::core::check::{Name, Origin};
use crate::core::refs::Refs;

/// All declared checks.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub checks: CheckList,
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
        self.name(check);
    }

    /// Removes a check, if it is there. Its former names stay: see [`Directory::point`].
    pub fn take_out(&mut self, check: &Check) {
        if !self.checks.take_out(check) {
            return;
        }
        self.refs.take();
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

/// Checks in the order of their names. A copy shares its pieces.
#[derive(Clone, Debug, Default)]
pub struct CheckList {
    /// None is empty, and none has more than [`CheckList::MAX_PIECE`].
    pieces: Vec<Arc<Vec<Arc<Check>>>>,
    len: usize,
}

impl CheckList {
    /// The most checks in a piece.
    const MAX_PIECE: usize = 2048;

    /// A list of these checks, which are put in their order.
    pub fn new(mut checks: Vec<Arc<Check>>) -> CheckList {
        checks.sort_by(|a, b| a.definition.name.cmp(&b.definition.name));
        // Half full: each has room for new ones.
        let pieces = checks.chunks(CheckList::MAX_PIECE / 2).map(|piece| Arc::new(piece.to_vec()));
        CheckList { pieces: pieces.collect(), len: checks.len() }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Check>> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// Those whose names come after this text.
    pub fn after(&self, name: &str) -> impl Iterator<Item = &Arc<Check>> {
        let is_before = move |check: &Arc<Check>| check.definition.name.as_str() <= name;
        let first = self.pieces.partition_point(|piece| piece.last().is_some_and(is_before));
        self.pieces[first..].iter().flat_map(|piece| piece.iter()).skip_while(move |check| is_before(check))
    }

    /// Adds a check whose name is not in the list.
    fn add(&mut self, check: Arc<Check>) {
        let name = &check.definition.name;
        self.len += 1;
        let Some(at) = self.piece_of(name) else {
            return self.pieces.push(Arc::new(vec![check]));
        };
        let piece = Arc::make_mut(&mut self.pieces[at]);
        let place = piece.partition_point(|other| other.definition.name < *name);
        piece.insert(place, check);
        if piece.len() > CheckList::MAX_PIECE {
            let rest = piece.split_off(piece.len() / 2);
            self.pieces.insert(at + 1, Arc::new(rest));
        }
    }

    /// Answers whether it was there.
    fn take_out(&mut self, check: &Check) -> bool {
        let name = &check.definition.name;
        let Some(at) = self.piece_of(name) else { return false };
        let piece = &self.pieces[at];
        let place = piece.binary_search_by(|other| other.definition.name.cmp(name));
        let Some(place) = place.ok().filter(|place| piece[*place].id == check.id) else { return false };
        self.len -= 1;
        if piece.len() == 1 {
            self.pieces.remove(at);
        } else {
            Arc::make_mut(&mut self.pieces[at]).remove(place);
        }
        true
    }

    /// Which piece this name is in, or belongs to; `None`: there is none.
    fn piece_of(&self, name: &Name) -> Option<usize> {
        let is_before =
            |piece: &Arc<Vec<Arc<Check>>>| piece.first().is_some_and(|first| first.definition.name <= *name);
        let after = self.pieces.partition_point(is_before);
        (!self.pieces.is_empty()).then(|| after.saturating_sub(1))
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
    use crate::core::fixtures::random_numbers;
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
