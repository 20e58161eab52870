//! One check as a bystander sees it: the model, every change of its causes, and whom each bad period should be told.

use std::collections::BTreeSet;

use punctual::core::cause::{CauseKind, Family};
use punctual::core::check::{Definition, Source};
use punctual::core::route::{Action, ActionId};
use punctual::core::time::{Span, Time};
use punctual::store::Stance;

use crate::bystanders::Blind;
use crate::model::{Causes, Model, Plan};
use crate::oracles::Log;
use crate::reopening::Anew;
use crate::scene::{Files, Scale, own_action};

/// One bad period, and the actions that should (or may) be planned for it (12.1, 12.2).
#[derive(Clone, Debug)]
pub(crate) struct Bad {
    pub(crate) opened_at: Time,
    pub(crate) ended_at: Option<Time>,
    /// When that was noticed: what is held then is not told (12.5).
    pub(crate) noticed_at: Option<Time>,
    pub(crate) required: BTreeSet<ActionId>,
    /// Also what one of several causes that came at one time would have had alone.
    pub(crate) allowed: BTreeSet<ActionId>,
    /// What people said last of it (11.2), and the families of causes that an acknowledgement covers.
    pub(crate) stance: Stance,
    pub(crate) covered: BTreeSet<Family>,
    /// Since when it is acknowledged, and until when that holds (22.4).
    pub(crate) term: Option<(Time, Time)>,
    /// When another cause took the place of `blind`, and what is then planned anew (9.6).
    pub(crate) after_blind: Option<(Time, BTreeSet<ActionId>)>,
    /// The actions that count as planned; and of these, while it is acknowledged, those that are for a cause which nobody has
    /// taken on (11.2).
    pub(crate) planned: BTreeSet<ActionId>,
    pub(crate) beside: BTreeSet<ActionId>,
    /// What was told when somebody reopened it (11.2).
    pub(crate) reopened: Vec<Anew>,
    /// What was told when the time was over for which it was acknowledged (22.4).
    pub(crate) terms_over: Vec<Anew>,
    /// When causes began that nobody had taken on, and what tells of them (11.2).
    pub(crate) beside_since: Vec<(Time, BTreeSet<ActionId>)>,
}

/// A ping that was stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) at: Time,
    pub(crate) is_success: bool,
}

/// The bystander of one check.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) definition: Definition,
    pub(crate) plan: Plan,
    pub(crate) model: Model,
    /// The causes from each time on; those of one time in their order: what was stored in between may have been seen (1.5).
    pub(crate) history: Vec<(Time, Causes)>,
    /// For those who know no mechanism.
    pub(crate) log: Log,
    /// Where in it the clock was last set: from there on times grow.
    pub(crate) era: usize,
    pub(crate) bad: Vec<Bad>,
    /// When it last stopped being late or failing (8.3).
    pub(crate) recovered_at: Option<Time>,
    /// Pings that counted.
    pub(crate) pings: u64,
    /// All pings that were taken, also those that only repeat.
    pub(crate) taken: Vec<Taken>,
    /// The length of its trailing window (3.7); `None` once that was another, or runs may be too short to count.
    pub(crate) window: Option<Span>,
    /// Since when nobody declares it, and whether it was forgotten (10.3).
    pub(crate) archived_at: Option<Time>,
    pub(crate) is_forgotten: bool,
    /// When what there is to tell of it was held, while it was bad.
    pub(crate) held_at: Vec<Time>,
    was_late_or_failing: bool,
    /// At some time.
    pub(crate) was_archived: bool,
}

impl Judged {
    /// `blind` are the windows before: while a clock is doubted they end in the future.
    pub(crate) fn declared(definition: &Definition, scale: &Scale, blind: &Blind, now: Time) -> Judged {
        let plan = Judged::plan(definition, scale);
        let mut model = Model::declared(&plan, now);
        blind.absences.iter().for_each(|window| model.blind(window.from, window.to));
        blind.unread.iter().for_each(|window| model.unread(window.from, window.to));
        Judged {
            definition: definition.clone(),
            model,
            plan,
            history: vec![(now, Causes::new())],
            log: Log { is_touched: definition.source == Source::Api, ..Log::default() },
            era: 0,
            bad: Vec::new(),
            recovered_at: None,
            pings: 0,
            taken: Vec::new(),
            window: window_of(definition),
            archived_at: None,
            is_forgotten: false,
            held_at: Vec::new(),
            was_late_or_failing: false,
            was_archived: false,
        }
    }

    pub(crate) fn plan(definition: &Definition, scale: &Scale) -> Plan {
        // As far as wrong dates lead (1.1): one that is put right while nobody is there stays, and another may follow.
        let reach = Span::mins(24 * 60 * if scale.is_short { 1 } else { 40 });
        Plan::new(&definition.spec, scale.start - reach, scale.end() + reach)
    }

    /// It is declared like this from now on.
    pub(crate) fn define(&mut self, definition: &Definition) {
        self.definition = definition.clone();
        self.window = self.window.filter(|window| window_of(definition) == Some(*window));
    }

    /// Nobody declares it any more (10.3).
    pub(crate) fn archive(&mut self, now: Time, files: &Files) {
        self.model.archive();
        self.was_archived = true;
        self.archived_at = Some(now);
        self.note(now, files);
    }

    /// Successes in its trailing window, where that is known (3.7): not of a time before the newest ping.
    pub(crate) fn count_in_window(&self, now: Time) -> Option<u64> {
        let window = self.window.filter(|_| self.taken.last().is_none_or(|last| last.at <= now))?;
        let counts = |ping: &&Taken| ping.is_success && ping.at <= now && now - ping.at < window;
        Some(self.taken.iter().filter(counts).count() as u64)
    }

    /// Judges all that is before `now`, by the files that are in force.
    pub(crate) fn walk(&mut self, now: Time, scale: &Scale, files: &Files) {
        while self.walk_to_change(now, scale, files) {}
    }

    /// Judges until the causes change; false if they do not before `now`.
    pub(crate) fn walk_to_change(&mut self, now: Time, scale: &Scale, files: &Files) -> bool {
        let before = self.model.causes();
        while let Some(point) = self.model.judge_next(&self.plan, now, scale.grid) {
            self.end_term_by(&before, point, files);
            self.note(point, files);
            if self.model.causes() != before {
                if let Some(bad) = self.bad.last_mut().filter(|bad| bad.ended_at == Some(point)) {
                    bad.noticed_at = Some(now);
                }
                return true;
            }
        }
        self.end_term_by(&before, now, files);
        false
    }

    /// 22.4: somebody says something of it, after what time has made of that.
    pub(crate) fn end_term(&mut self, now: Time, files: &Files) {
        let causes = self.model.causes();
        self.end_term_by(&causes, now, files);
    }

    /// 22.4: the time is over for which it was acknowledged: all that match these causes are told from that time.
    fn end_term_by(&mut self, causes: &Causes, before: Time, files: &Files) {
        let Some(bad) = self.bad.last_mut().filter(|bad| bad.ended_at.is_none()) else { return };
        let Some((_, until)) = bad.term.filter(|(_, until)| *until < before) else { return };
        let anew = Anew::of(bad, &self.definition, causes, files, until);
        (bad.stance, bad.covered, bad.term) = (Stance::Reopen, BTreeSet::new(), None);
        bad.stand_open(&anew);
        expect_told(bad, &self.definition, causes, files, until);
        bad.terms_over.push(anew);
    }

    /// Notes what became of the causes at a time.
    pub(crate) fn note(&mut self, at: Time, files: &Files) {
        if let Some(causes) = self.history.last().map(|(_, causes)| causes.clone()) {
            self.end_term_by(&causes, at, files);
        }
        let is_late_or_failing = self.model.is(Family::Late) || self.model.is(Family::Failing);
        if self.was_late_or_failing && !is_late_or_failing {
            self.recovered_at = Some(at);
        }
        self.was_late_or_failing = is_late_or_failing;
        let causes = self.model.causes();
        let before = self.history.last().map(|(_, causes)| causes);
        if before.is_some_and(|before| *before == causes) {
            return;
        }
        let before = before.cloned().unwrap_or_default();
        self.history.push((at, causes.clone()));
        let began: Causes = causes.iter().filter(|cause| !before.contains(cause)).copied().collect();
        if causes.is_empty() {
            if let Some(bad) = self.bad.last_mut() {
                (bad.ended_at, bad.noticed_at, bad.term) = (Some(at), Some(at), None);
            }
        } else if before.is_empty() {
            let mut bad = Bad {
                opened_at: at,
                ended_at: None,
                noticed_at: None,
                required: BTreeSet::new(),
                allowed: BTreeSet::new(),
                stance: Stance::Reopen,
                covered: BTreeSet::new(),
                term: None,
                after_blind: None,
                planned: BTreeSet::new(),
                beside: BTreeSet::new(),
                reopened: Vec::new(),
                terms_over: Vec::new(),
                beside_since: Vec::new(),
            };
            expect_told(&mut bad, &self.definition, &causes, files, at);
            self.bad.push(bad);
        } else if let Some(bad) = self.bad.last_mut() {
            // 11.2: where nothing holds any more that nobody has taken on, it is told anew when it comes again.
            if causes.iter().all(|(kind, ..)| bad.covered.contains(&kind.family())) {
                bad.beside.clear();
            }
            expect_told(bad, &self.definition, &began, files, at);
            let was_blind = |causes: &Causes| causes.iter().any(|(kind, ..)| *kind == CauseKind::Blind);
            let is_told = !began.is_empty();
            // What a result finds violated takes the place of whatever it ends, too.
            let is_violated = began.iter().any(|(kind, ..)| *kind == CauseKind::Violated)
                && before.iter().any(|(kind, ..)| !causes.iter().any(|(other, ..)| other == kind));
            let is_known = was_blind(&before) && !was_blind(&causes) && is_told;
            if (is_known || is_violated) && bad.after_blind.is_none() {
                let is_taken_on =
                    |family: Family| bad.stance == Stance::Acknowledge && bad.covered.contains(&family);
                let stays = causes.iter().filter(|cause| before.contains(cause));
                let stays: Causes = stays.filter(|(kind, ..)| !is_taken_on(kind.family())).copied().collect();
                let told_already = stays.iter().flat_map(|one| actions_for(&self.definition, &[*one], files));
                let mut anew = actions_for(&self.definition, &began, files);
                told_already.for_each(|action| {
                    anew.remove(&action);
                });
                // They are planned anew: what counted as planned was planned for `blind`.
                bad.planned.retain(|action| !anew.contains(action));
                expect_told(bad, &self.definition, &began, files, at);
                bad.after_blind = Some((at, anew));
                if bad.covered == BTreeSet::from([Family::Unknown]) {
                    (bad.stance, bad.covered, bad.term) = (Stance::Reopen, BTreeSet::new(), None);
                }
            }
        }
    }

    /// Somebody said this of its open incident (11.2), for a time if there is one (22.4).
    pub(crate) fn stand(&mut self, stance: Stance, until: Option<Time>, files: &Files, now: Time) {
        let causes = self.model.causes();
        let Some(bad) = self.bad.last_mut() else { return };
        let is_new = bad.stance != stance;
        let anew = Anew::of(bad, &self.definition, &causes, files, now);
        (bad.stance, bad.term) = (stance, until.map(|until| (now, until)));
        match stance {
            Stance::Comment => unreachable!("it changes nothing, and is not said here"),
            Stance::Acknowledge => {
                bad.covered.extend(causes.iter().map(|(kind, ..)| kind.family()));
                bad.beside.clear();
            }
            Stance::WontFix => bad.covered.clear(),
            Stance::Reopen if is_new => {
                bad.covered.clear();
                bad.stand_open(&anew);
                expect_told(bad, &self.definition, &causes, files, now);
                bad.reopened.push(anew);
            }
            Stance::Reopen => {}
        }
    }

    /// The bad period that lasts.
    pub(crate) fn open(&self) -> Option<&Bad> {
        self.bad.last().filter(|bad| bad.ended_at.is_none())
    }

    /// 1.1: nothing that is known is later than now; that is no change of the causes.
    pub(crate) fn set_back(&mut self, now: Time) {
        self.model.bring_back_to(&self.plan, now);
        self.recovered_at = self.recovered_at.map(|at| at.min(now));
        if let Some((since, until)) = self.bad.last_mut().and_then(|bad| bad.term.as_mut()) {
            let ahead = *since - now;
            if ahead > Span::ZERO {
                (*since, *until) = (now, *until - ahead);
            }
        }
        self.era = self.history.len() - 1;
        if let Some((_, causes)) = self.history.last_mut() {
            *causes = self.model.causes();
        }
    }

    /// A bad dependency holds (8.3).
    pub(crate) fn holds_dependents(&self) -> bool {
        self.was_late_or_failing && !self.model.archived && !self.model.is_paused()
    }
}

fn window_of(definition: &Definition) -> Option<Span> {
    definition.spec.min_runtime.is_none().then(|| definition.count_window())
}

fn expect_told(bad: &mut Bad, check: &Definition, began: &Causes, files: &Files, at: Time) {
    if began.is_empty() {
        return;
    }
    let told = actions_for(check, began, files);
    bad.required.extend(&told);
    bad.allowed.extend(&told);
    let (mut beside, mut news) = (BTreeSet::new(), BTreeSet::new());
    for one in began {
        let of_one = actions_for(check, &[*one], files);
        bad.allowed.extend(&of_one);
        let is_taken_on = bad.stance != Stance::Acknowledge || bad.covered.contains(&one.0.family());
        // Who knows that it is late does not know that it fails; the other way round it is no news.
        let is_news = one.0.family() == Family::Failing;
        if !is_taken_on {
            let already = if is_news { &bad.beside } else { &bad.planned };
            let new: BTreeSet<ActionId> =
                told.intersection(&of_one).filter(|action| !already.contains(action)).copied().collect();
            news.extend(new.iter().filter(|_| is_news));
            beside.extend(new);
        }
    }
    bad.beside.extend(beside);
    if !news.is_empty() {
        bad.beside_since.push((at, news));
    }
    bad.planned.extend(told);
}

impl Bad {
    /// It stands open again: what is told from then on is what counts as planned.
    fn stand_open(&mut self, anew: &Anew) {
        self.planned = anew.told.clone();
        self.beside.clear();
    }
}

/// 12.2, 16.4: all responders that match act, and the check's own addresses; `default_receivers` if there is neither.
pub(crate) fn actions_for(
    check: &Definition,
    causes: &[(CauseKind, Time, Option<CauseKind>)],
    files: &Files,
) -> BTreeSet<ActionId> {
    let defaults = || files.defaults.iter().map(|name| Action::new(name.clone(), Span::ZERO, None).id);
    matching(check, causes, files).unwrap_or_else(|| defaults().collect())
}

/// The same without the default; `None`: it is the default's turn.
pub(crate) fn matching(
    check: &Definition,
    causes: &[(CauseKind, Time, Option<CauseKind>)],
    files: &Files,
) -> Option<BTreeSet<ActionId>> {
    let matches = |wish: &crate::scene::Wish| {
        causes.iter().any(|(kind, _, would_be)| wish.matches(check, *kind, *would_be))
    };
    let watching: Vec<_> =
        files.watches.iter().filter(|watch| watch.wish.as_ref().is_none_or(matches)).collect();
    let own = (!check.emails.is_empty()).then(|| own_action().id);
    if watching.is_empty() && own.is_none() {
        return None;
    }
    Some(watching.iter().flat_map(|watch| &watch.actions).map(|action| action.id).chain(own).collect())
}
