//! Which of many mutes may match a check.

use std::collections::HashMap;
use std::ops::Deref;

use super::facts::{Facts, MatchTest, Matcher, Mute};
use crate::core::matcher::unanchored;

/// All mutes, in the order in which they were made. Most name a check, a group or another value of a label, and are found by
/// that: a thousand of them cost no check more than those that name it.
#[derive(Clone, Debug, Default)]
pub struct Mutes {
    all: Vec<Mute>,
    /// By label and value: the places of those that match nothing without it.
    by_value: HashMap<String, HashMap<String, Vec<usize>>>,
    /// The places of those that name no value.
    others: Vec<usize>,
}

impl Mutes {
    /// These, in their order.
    pub fn new(all: Vec<Mute>) -> Mutes {
        let mut mutes = Mutes { all, ..Mutes::default() };
        for (place, mute) in mutes.all.iter().enumerate() {
            match mute.matchers.iter().find_map(values) {
                None => mutes.others.push(place),
                Some((label, values)) => {
                    let by_value = mutes.by_value.entry(label.to_owned()).or_default();
                    for value in values {
                        by_value.entry(value).or_default().push(place);
                    }
                }
            }
        }
        mutes
    }

    /// Those that are left after a change.
    #[must_use]
    pub fn changed(self, change: impl FnOnce(&mut Vec<Mute>)) -> Mutes {
        let mut all = self.all;
        change(&mut all);
        Mutes::new(all)
    }

    /// All that may match a check, in their order; each of them is still to be asked.
    pub(super) fn near(&self, facts: &Facts<'_>) -> Vec<&Mute> {
        let named = self.by_value.iter().filter_map(|(label, by_value)| by_value.get(facts.label(label)));
        let mut places: Vec<usize> = named.flatten().chain(&self.others).copied().collect();
        places.sort_unstable();
        places.into_iter().map(|place| &self.all[place]).collect()
    }
}

impl Deref for Mutes {
    type Target = [Mute];

    fn deref(&self) -> &[Mute] {
        &self.all
    }
}

/// The only values of a check's own label that a matcher accepts, each once, where it names them.
fn values(matcher: &Matcher) -> Option<(&str, Vec<String>)> {
    let values = match (matcher.label.as_str(), &matcher.test) {
        ("reason" | "status", _) => return None,
        (_, MatchTest::Equal(value)) => vec![value.clone()],
        (_, MatchTest::Matches(expression)) => words(unanchored(expression))?,
        (_, MatchTest::NotEqual(_) | MatchTest::MatchesNot(_)) => return None,
    };
    Some((&matcher.label, values))
}

/// The words of `one|other`; none of an expression that means anything else.
fn words(expression: &str) -> Option<Vec<String>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-|".contains(c);
    let mut words: Vec<String> = expression.split('|').map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    expression.chars().all(is_plain).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::check::{Definition, Name};
    use crate::core::fixtures::{at, causes, definition};
    use crate::core::route::Facts;

    /// Each matches one check in a way of its own, or none.
    const TEXTS: [&str; 16] = [
        r#"check="a""#,
        r#"check=~"a|b""#,
        r#"check=~"b|c|b""#,
        r#"check=~"a.*""#,
        r#"check!="a""#,
        r#"check!~"a|b""#,
        r#"group="db""#,
        r#"group="""#,
        r#"team=~"dba|""#,
        r#"team!="dba", check="c""#,
        r#"reason="missing""#,
        r#"reason=~"missing|failed", check="b""#,
        r#"status="late""#,
        r#"region="""#,
        r#"check=~"(?i)A""#,
        "",
    ];

    fn mutes(texts: &[&str]) -> Mutes {
        let mute = |(id, text): (u64, &&str)| Mute {
            id,
            matchers: Matcher::parse_list(text).unwrap(),
            text: (*text).to_owned(),
            until: at(10),
            since: at(0),
            comment: String::new(),
            by: String::new(),
        };
        Mutes::new((1..).zip(texts).map(mute).collect())
    }

    fn check(name: &str, group: &str, team: &str) -> Definition {
        let labels = [("team".to_owned(), team.to_owned())].into();
        Definition { name: Name::parse(name).unwrap(), group: group.into(), labels, ..definition() }
    }

    /// 8.2
    #[test]
    fn whatever_matches_is_near_in_the_order_in_which_it_was_made() {
        let backwards: Vec<&str> = TEXTS.iter().rev().copied().collect();
        let causes = causes("missing failed");
        for texts in [&TEXTS[..], &backwards] {
            let mutes = mutes(texts);
            for (name, group, team) in
                [("a", "db", "dba"), ("b", "", "web"), ("c", "db", ""), ("ab", "x", "dba")]
            {
                let definition = check(name, group, team);
                let facts = Facts::of_check(&definition, causes.as_slice());
                let near = mutes.near(&facts);
                assert!(near.is_sorted_by(|one, next| one.id < next.id), "{near:?}");
                for mute in mutes.iter().filter(|mute| facts.matched_by(&mute.matchers)) {
                    assert!(near.iter().any(|other| other.id == mute.id), "{} matches {name}", mute.text);
                }
            }
        }
    }

    #[test]
    fn what_names_others_is_not_near() {
        let mutes =
            mutes(&[r#"check="b""#, r#"check=~"b|c""#, r#"group="web""#, r#"team="web", check=~".*""#]);
        let ids = |definition: &Definition| {
            let near = mutes.near(&Facts::of_check(definition, &[]));
            near.iter().map(|mute| mute.id).collect::<Vec<_>>()
        };
        assert!(ids(&check("a", "db", "dba")).is_empty());
        assert_eq!(ids(&check("b", "db", "dba")), [1, 2]);
        assert_eq!(ids(&check("c", "web", "web")), [2, 3, 4]);
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_is() {
        let mutes = mutes(&[r#"check="a""#, r#"check="b""#]).changed(|all| all.retain(|mute| mute.id == 2));
        let ids = |name: &str| {
            let definition = check(name, "", "");
            let near = mutes.near(&Facts::of_check(&definition, &[]));
            near.iter().map(|mute| mute.id).collect::<Vec<_>>()
        };
        assert_eq!((ids("b"), ids("a")), (vec![2], vec![]));
    }
}
