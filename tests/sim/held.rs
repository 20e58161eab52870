//! Whether what there is to tell of a check is held, and when it was (7.3, 8.2, 8.3).

use punctual::core::check::{CheckId, Name};
use punctual::core::schedule::Quiet;
use punctual::core::time::{Span, Time};
use punctual::store::Stance;

use crate::judged::Judged;
use crate::server::Server;

impl Server {
    /// Why deliveries of a check are held at a time, by the rules alone (§8).
    pub(crate) fn held(&self, name: &str, now: Time) -> Option<&'static str> {
        let check = self.called(name)?;
        let definition = &check.definition;
        if check.model.is_paused() {
            return Some("paused");
        }
        let causes = check.model.causes();
        let is_muted = |(kind, _, would_be): &(_, Time, _)| {
            let mutes = self.mutes.iter().filter(|mute| now < mute.until);
            let mut wishes = mutes.map(|mute| crate::operators::wish_of(&mute.text));
            wishes.any(|wish| wish.matches(definition, *kind, *would_be))
        };
        if !causes.is_empty() && causes.iter().all(is_muted) {
            return Some("muted");
        }
        let begun = |quiet: &Quiet| quiet.at.next_after(now - quiet.lasts).is_some_and(|at| at <= now);
        if definition.quiet.iter().any(begun) {
            return Some("quiet");
        }
        let on = definition.depends_on.iter();
        // What is declared no more holds nobody (8.3d).
        let on = on.filter_map(|name| self.depended_on(name)).filter(|check| !check.model.archived);
        let on: Vec<_> = on.collect();
        let wont_fix = |name: &Name| self.is_wont_fix(name.as_str());
        if on.iter().any(|check| check.holds_dependents() && !wont_fix(&check.definition.name)) {
            return Some("dependency");
        }
        let patience = definition.spec.grace.max(Span::mins(1));
        let recovering = |at: Time| at <= now && now < at + patience;
        let recovered = on.iter().filter_map(|check| check.recovered_at).max();
        recovered.is_some_and(recovering).then_some("dependency recovering")
    }

    /// The check that another depends on by this name, or by this former name (10.3); else the one that did until it was archived.
    pub(crate) fn depended_on(&self, name: &Name) -> Option<&Judged> {
        let declared = || self.judged.values().filter(|judged| !judged.model.archived);
        let by_name = declared().find(|judged| judged.definition.name == *name);
        let by_former = || declared().find(|judged| judged.definition.renamed_from.contains(name));
        by_name.or_else(by_former).or_else(|| self.called(name.as_str()))
    }

    pub(crate) fn is_wont_fix(&self, name: &str) -> bool {
        self.called(name).and_then(Judged::open).is_some_and(|bad| bad.stance == Stance::WontFix)
    }

    /// Judges a check up to an entry's time, and notes whether it is held then, by its causes before each change: several
    /// entries may come in one turn, and several flips of one (8.1, 12.5).
    pub(crate) fn walk(&mut self, check: CheckId, now: Time) {
        loop {
            self.note_held(check, now);
            let judged = self.judged.get_mut(&check).expect("a check of the store is known");
            if !judged.walk_to_change(now, &self.scale, &self.files) {
                return;
            }
        }
    }

    /// Notes it, if a check is bad and held at a time. Returns why.
    pub(crate) fn note_held(&mut self, check: CheckId, now: Time) -> Option<&'static str> {
        let judged = &self.judged[&check];
        let bad = judged.open().map(|_| judged.definition.name.as_str());
        let why = self.held(bad?, now)?;
        let moments = &mut self.judged.get_mut(&check).expect("it was there").held_at;
        if moments.last() != Some(&now) {
            moments.push(now);
        }
        Some(why)
    }
}
