//! The refs of all checks, of which no two are equal (24.1).

use super::check::{Definition, Name};
use super::reference::Ref;

fn first_name(check: &Definition) -> &Name {
    check.renamed_from.first().unwrap_or(&check.name)
}

/// The refs of many checks. It knows only those that several of them would have, which are few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// Sorted.
    shared: Vec<Ref>,
}

impl Refs {
    /// The refs of these checks, which are all that there are.
    pub fn of<'c>(checks: impl Iterator<Item = &'c Definition>) -> Refs {
        let mut all: Vec<Ref> = checks.map(Refs::own).collect();
        all.sort_unstable();
        let mut shared: Vec<Ref> =
            all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        shared.dedup();
        Refs { shared }
    }

    /// The ref that a check has, unless that is made of its name and another's, too: its own, or that of the first name that it had.
    pub fn own(check: &Definition) -> Ref {
        check.reference.unwrap_or_else(|| Ref::made_of(first_name(check).as_str()))
    }

    /// The ref of one of the checks. `None`: that which is made of its name is another's, too.
    pub fn get(&self, check: &Definition) -> Option<Ref> {
        let reference = Refs::own(check);
        (check.reference.is_some() || !self.is_shared(reference)).then_some(reference)
    }

    /// Whether the ref that is made of the name of one of the checks is another's, too.
    pub fn has_none(&self, check: &Definition) -> bool {
        !self.shared.is_empty() && self.get(check).is_none()
    }

    /// A ref for a check that has none: it is made of its name, and of no other check's.
    pub fn proposed(check: &Definition, is_free: impl Fn(Ref) -> bool) -> Ref {
        let mut number = 2_u32;
        loop {
            let made = Ref::made_of(&format!("{}-{number}", first_name(check)));
            if is_free(made) {
                return made;
            }
            number += 1;
        }
    }

    fn is_shared(&self, reference: Ref) -> bool {
        self.shared.binary_search(&reference).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixtures;

    fn check_of(name: &str, renamed_from: &[&str], set: Option<&str>) -> Definition {
        let name_of = |text: &str| Name::parse(text).expect("it is a name");
        Definition {
            name: name_of(name),
            renamed_from: renamed_from.iter().map(|old| name_of(old)).collect(),
            reference: set.map(|text| Ref::parse(text).expect("it is a ref")),
            ..fixtures::definition()
        }
    }

    /// The refs of these checks, `-` for none.
    fn check(checks: &[Definition], expected: &[&str]) {
        let refs = Refs::of(checks.iter());
        let found: Vec<String> = checks
            .iter()
            .map(|check| refs.get(check).map_or_else(|| "-".to_owned(), |reference| reference.to_string()))
            .collect();
        assert_eq!(found, expected);
        let none = checks.iter().map(|check| refs.has_none(check));
        assert!(none.eq(expected.iter().map(|reference| *reference == "-")));
    }

    /// 24.1: whoever makes them anew from names elsewhere finds the same.
    #[test]
    fn a_ref_is_made_of_the_first_name_unless_it_is_set() {
        check(&[check_of("nightly-backup", &[], None)], &["aakfdp"]);
        check(&[check_of("backup", &["nightly-backup", "older"], None)], &["aakfdp"]);
        check(&[check_of("backup", &["nightly-backup"], Some("x7kq2a"))], &["x7kq2a"]);
        check(&[check_of("hello", &[], None)], &["yyv96h"]);
    }

    /// 24.1
    #[test]
    fn a_made_ref_that_is_anothers_is_nobodys() {
        let (a, b) = (check_of("a", &[], None), check_of("b", &[], None));
        let of_a = Ref::made_of("a");
        let sets_it = check_of("c", &[], Some(of_a.as_str()));
        check(&[a.clone(), b, sets_it], &["-", Ref::made_of("b").as_str(), of_a.as_str()]);
        // The first name of one is the name of another.
        check(&[a.clone(), check_of("d", &["a"], None)], &["-", "-"]);
        let proposed = Refs::proposed(&a, |reference| reference != Ref::made_of("a-2"));
        assert_eq!(proposed, Ref::made_of("a-3"));
    }
}
