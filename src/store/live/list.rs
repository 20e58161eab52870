//! Checks in the order of their names, in pieces that copies share.

use std::sync::Arc;

use super::check::Check;
use crate::core::check::Name;

/// Checks in the order of their names. A copy shares its pieces.
#[derive(Clone, Debug, Default)]
pub struct CheckList {
    /// None is empty, and none has more than [`CheckList::MAX_PIECE`].
    pub(super) pieces: Vec<Arc<Vec<Arc<Check>>>>,
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

    /// Whether this is a copy of the other, with nothing changed since.
    pub fn is_copy_of(&self, other: &CheckList) -> bool {
        self.pieces.len() == other.pieces.len()
            && self.pieces.iter().zip(&other.pieces).all(|(one, other)| Arc::ptr_eq(one, other))
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
    pub(super) fn add(&mut self, check: Arc<Check>) {
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
    pub(super) fn take_out(&mut self, check: &Check) -> bool {
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
