//! Diagnoses: decided, kept and told in one transaction (§21).

use std::sync::Arc;

use punctual::core::assertion::{Assertion, AssertionResult, Finds, FoundBy, Outcome, Reported};
use punctual::core::check::{Definition, Source, SourceLine, Spec};
use punctual::core::diagnose::{
    Case, CaseSaid, CasesFound, Decision, Diagnosis, DiagnosisFound, Remedy, SolutionOutcome,
};
use punctual::core::incident::{IncidentId, IncidentStatus};
use punctual::core::outbox::{Attempt, DeliveryKind};
use punctual::core::route::Policy;
use punctual::core::schedule::Schedule;
use punctual::core::time::Span;
use punctual::store::history::Reader;
use punctual::store::{
    DiagnosisAnswer, DiagnosisCall, DiagnosisOrder, DiagnosisRefusal, FoundAt, ResultFact, Stance, Store,
    What,
};

use super::sqlite::database;
use super::world::{GROUP_WAIT, Place, Sqlite, World, later, name, said};

fn asserted(text: &str) -> Definition {
    let assertion = Assertion {
        found_by: FoundBy::Reporter(Reported::default()),
        unknowns_before_alert: 1,
        max_records: None,
        finds: Finds::Lasting,
    };
    let spec = Spec { assert: Some(Arc::new(assertion)), ..Spec::new(Schedule::Unscheduled) };
    Definition::new(name(text), spec, Source::File { path: "checks.yaml".into(), line: SourceLine::new(1) })
}

fn case(name: &str, remedy: Remedy) -> Case {
    Case { said: CaseSaid::new(name, "a worker holds a job", "").unwrap(), remedy }
}

fn plan(name: &str) -> Case {
    case(name, Remedy::Plan(format!("restart {name}")))
}

fn found(cases: impl IntoIterator<Item = Case>) -> CasesFound {
    CasesFound { cases: cases.into_iter().collect(), rid: None, is_carried_out: true }
}

/// A check that is asserted; `ops` is told of incidents, and `admin` of diagnoses.
fn start<P: Place>(world: &mut World<P>) {
    world.configuration.checks = vec![asserted("a")];
    let policy = (*world.configuration.policy).clone();
    let like_ops = policy.receivers.values().next().unwrap().clone();
    let mut receivers = policy.receivers.clone();
    receivers.insert("admin".into(), like_ops);
    let administrators = vec!["admin".into()];
    world.configuration.policy = Arc::new(Policy { receivers, administrators, ..policy });
    world.configure().unwrap();
}

impl<P: Place> World<P> {
    fn finds(&mut self, outcome: Outcome) {
        let result = ResultFact {
            result: AssertionResult::new(outcome, None),
            why: None,
            records: None,
            text: None,
            left_out: 0,
            source: FoundAt::Client("10.0.3.7".parse().unwrap()),
        };
        self.apply("a", What::Result(result));
    }

    /// It is violated: the number of its incident.
    fn violated(&mut self) -> IncidentId {
        self.finds(Outcome::Violated);
        let check = self.id("a");
        self.reader().open_incident(check).unwrap().expect("it is violated").id
    }

    fn reader(&self) -> Reader {
        Reader::new(self.place.folder())
    }

    fn calls(&mut self, incident: IncidentId, what: DiagnosisOrder) -> DiagnosisAnswer {
        let now = self.now;
        self.store().diagnose(&DiagnosisCall { incident, what, by: "shop".to_owned() }, now).unwrap()
    }

    /// What is decided, and the number of the solution that it names.
    fn decides(
        &mut self,
        incident: IncidentId,
        cases: impl IntoIterator<Item = Case>,
    ) -> (Decision, Option<u32>) {
        match self.calls(incident, DiagnosisOrder::Decide(found(cases))) {
            DiagnosisAnswer::Decided(decision, solution) => {
                (decision, solution.map(|solution| solution.number))
            }
            other => panic!("{other:?}"),
        }
    }

    fn ends(&mut self, incident: IncidentId, number: u32, how: SolutionOutcome) -> DiagnosisAnswer {
        self.calls(incident, DiagnosisOrder::End(number, how))
    }

    fn standing(&mut self, incident: IncidentId) -> IncidentStatus {
        self.reader().incident(incident).unwrap().expect("it is kept").status
    }

    fn steps(&self, incident: IncidentId) -> Vec<String> {
        let steps = self.reader().steps(incident).unwrap();
        let of_it = steps.iter().filter(|step| !matches!(step.what.as_str(), "began" | "told"));
        of_it.map(|step| format!("{} {}", step.what.as_str(), step.comment).trim_end().to_owned()).collect()
    }

    /// All that leaves for the administrators from now on, which they take.
    fn admin_hears(&mut self) -> Vec<String> {
        self.wait(GROUP_WAIT);
        let mut heard = Vec::new();
        loop {
            let outgoing = self.claim();
            if outgoing.is_empty() {
                return heard;
            }
            for one in outgoing {
                self.settle(one.message.id, &Attempt::TAKEN);
                if &*one.message.receiver == "admin" {
                    heard.extend(said(&one));
                }
            }
        }
    }
}

fn diagnosis(number: u32) -> Vec<String> {
    vec![format!("{:?} a", DeliveryKind::Diagnosis(number))]
}

/// T7: 21.2a, 21.5, 21.6a, 11.3d
pub(crate) fn each_violated_result_has_a_decision_and_people_are_told_of_each_thing_once<P: Place>(
    world: &mut World<P>,
) {
    start(world);
    let incident = world.violated();
    assert_eq!(world.decides(incident, []), (Decision::NoCase, None));
    assert_eq!(world.standing(incident), IncidentStatus::Open);
    assert_eq!(world.admin_hears(), diagnosis(1));

    let plans = || case("stuck", Remedy::Plans(vec!["first".to_owned(), "second".to_owned()]));
    for number in [1, 2] {
        assert_eq!(world.violated(), incident);
        assert_eq!(world.decides(incident, [plans()]), (Decision::Apply, Some(number)));
        assert_eq!(world.standing(incident), IncidentStatus::SolutionApplied);
        assert_eq!(world.ends(incident, number, SolutionOutcome::Enacted), DiagnosisAnswer::Ended);
        world.wait(Span::mins(60));
    }
    assert_eq!(world.decides(incident, [plans()]), (Decision::Wait, None));
    for _ in 0..3 {
        world.violated();
        assert_eq!(world.decides(incident, [plan("stuck"), plan("full")]), (Decision::Impasse, None));
        assert_eq!(world.standing(incident), IncidentStatus::Impasse);
    }
    assert_eq!(world.decides(incident, []), (Decision::NoCase, None));
    world.reopen();
    assert_eq!(world.admin_hears(), diagnosis(5), "of the impasse, and of no case not once more");
    let steps = [
        "no_case",
        "decided solution 1, stuck: a worker holds a job",
        "enacted solution 1, stuck",
        "decided solution 2, stuck: a worker holds a job",
        "enacted solution 2, stuck",
        "waits stuck: a worker holds a job",
        "impasse stuck, full",
        "no_case",
    ];
    assert_eq!(world.steps(incident), steps);
    world.finds(Outcome::Holds);
    assert_eq!(world.admin_hears(), ["Recovery a"], "who was told hears of the end");
    assert_eq!(
        world.calls(incident, DiagnosisOrder::Decide(found([]))),
        DiagnosisAnswer::Refused(DiagnosisRefusal::HasEnded)
    );
}

/// T8: 21.4a, 21.4c, 21.5
pub(crate) fn a_solution_is_lost_ten_minutes_after_it_was_decided_whoever_looks_first<P: Place>(
    world: &mut World<P>,
) {
    start(world);
    for looks_first in ["time", "a restart", "the next look", "its reporter"] {
        let incident = world.violated();
        assert_eq!(world.decides(incident, [plan("stuck")]), (Decision::Apply, Some(1)));
        world.admin_hears();
        world.wait(Span::mins(10) - GROUP_WAIT);
        assert_eq!((world.expire(), world.standing(incident)), (0, IncidentStatus::SolutionApplied));
        assert_eq!(world.decides(incident, [plan("other")]), (Decision::UnderWay, Some(1)));
        world.wait(Span::ms(1));
        match looks_first {
            "time" => assert_eq!(world.expire(), 1),
            "a restart" => {
                world.reopen();
                assert_eq!(world.expire(), 1);
            }
            "the next look" => {
                assert_eq!(world.decides(incident, [plan("stuck")]), (Decision::Apply, Some(2)));
            }
            _ => {
                assert_eq!(world.ends(incident, 1, SolutionOutcome::Enacted), DiagnosisAnswer::Ended);
                let how = |kept: &Diagnosis| kept.solution().unwrap().ended.clone().unwrap().how;
                let kept = world.reader().diagnoses(incident).unwrap();
                assert_eq!(how(&kept[0]), SolutionOutcome::Enacted, "it could not be said before");
                assert_eq!(world.standing(incident), IncidentStatus::SolutionApplied);
                assert_eq!(world.admin_hears(), diagnosis(1), "that it is lost, once");
                return;
            }
        }
        assert_eq!(world.expire(), 0);
        let kept: Vec<Diagnosis> = world.reader().diagnoses(incident).unwrap();
        let end = kept[0].solution().unwrap().ended.clone().unwrap();
        assert_eq!((end.how, end.at), (SolutionOutcome::Lost, kept[0].at + Span::mins(10)), "{looks_first}");
        let stands = if looks_first == "the next look" {
            IncidentStatus::SolutionApplied
        } else {
            IncidentStatus::Open
        };
        assert_eq!(world.standing(incident), stands, "{looks_first}");
        assert_eq!(world.admin_hears(), diagnosis(1), "{looks_first}: told once");
        world.finds(Outcome::Holds);
        world.admin_hears();
    }
}

/// 21.6b: what cannot be read is passed over, and keeps nothing else back.
#[test]
fn a_diagnosis_that_cannot_be_read_keeps_no_message_back() {
    let mut place = World::new(Sqlite::default());
    let world = &mut place;
    start(world);
    let incident = world.violated();
    assert_eq!(world.decides(incident, []), (Decision::NoCase, None));
    assert_eq!(world.decides(incident, [plan("stuck")]), (Decision::Apply, Some(1)));
    database(world.place.0.path()).execute("UPDATE diagnoses SET diagnosis = '{'", []).unwrap();
    assert_eq!(world.admin_hears(), diagnosis(1));
    world.wait(Span::mins(11));
    assert_eq!(world.expire(), 1, "what was under way is no more");
    assert_eq!((world.expire(), world.standing(incident)), (0, IncidentStatus::Open));
    assert_eq!(world.decides(incident, [plan("stuck")]), (Decision::Apply, Some(1)));
}

/// 21.4c, 21.6a
pub(crate) fn a_solution_that_fails_is_told_once_and_one_that_comes_late_changes_nothing<P: Place>(
    world: &mut World<P>,
) {
    start(world);
    let incident = world.violated();
    world.decides(incident, [plan("stuck")]);
    let failed = || SolutionOutcome::failed("no such worker");
    assert_eq!(world.ends(incident, 1, failed()), DiagnosisAnswer::Ended);
    assert_eq!(world.ends(incident, 1, failed()), DiagnosisAnswer::Ended);
    assert_eq!(world.admin_hears(), diagnosis(1));
    assert!(matches!(
        world.ends(incident, 1, SolutionOutcome::Enacted),
        DiagnosisAnswer::Refused(DiagnosisRefusal::EndedOtherwise(_))
    ));
    let none = DiagnosisAnswer::Refused(DiagnosisRefusal::NoSuchSolution);
    assert_eq!(world.ends(incident, 2, SolutionOutcome::Enacted), none);

    // It ends while one is under way: what became of that is on record, and told to nobody.
    world.decides(incident, [plan("stuck")]);
    world.finds(Outcome::Holds);
    world.admin_hears();
    assert_eq!(world.ends(incident, 2, failed()), DiagnosisAnswer::Ended);
    world.wait(Span::mins(11));
    assert_eq!((world.expire(), world.admin_hears()), (0, vec![]));
    assert_eq!(world.steps(incident).last().unwrap(), "solution_failed solution 2, stuck: no such worker");
}

/// 21.2a, 21.2b, 21.5
pub(crate) fn what_people_have_answered_is_not_diagnosed_and_what_stands_impasse_can_be_answered<P: Place>(
    world: &mut World<P>,
) {
    start(world);
    let incident = world.violated();
    world.decides(incident, [plan("a"), plan("b")]);
    let now = world.now;
    assert!(!world.says(incident, Stance::Reopen, "ann", now), "it is open");
    assert!(world.says(incident, Stance::Acknowledge, "ann", now));
    let answered = DiagnosisRefusal::IsAnswered(IncidentStatus::Acknowledged);
    let refused = world.calls(incident, DiagnosisOrder::Decide(found([])));
    assert_eq!(refused, DiagnosisAnswer::Refused(answered));
    assert_eq!(world.admin_hears(), Vec::<String>::new(), "somebody is on it");
    let now = world.now;
    assert!(world.says(incident, Stance::Reopen, "ann", now));
    assert_eq!(world.decides(incident, [plan("a")]), (Decision::Apply, Some(1)));
    // What is lost while somebody is on it is on record.
    let now = world.now;
    assert!(world.says(incident, Stance::WontFix, "ann", now));
    world.wait(Span::mins(11));
    assert_eq!((world.expire(), world.standing(incident)), (1, IncidentStatus::WontFix));
    assert_eq!(world.steps(incident).last().unwrap(), "lost solution 1, a");
    assert_eq!(world.admin_hears(), Vec::<String>::new());

    // That it cannot be found out is nothing to diagnose.
    world.finds(Outcome::Holds);
    world.finds(Outcome::Unknown);
    let check = world.id("a");
    let unprobed = world.reader().open_incident(check).unwrap().unwrap().id;
    let refused = world.calls(unprobed, DiagnosisOrder::Decide(found([])));
    assert_eq!(refused, DiagnosisAnswer::Refused(DiagnosisRefusal::NotViolated));
}

/// 21.6b
pub(crate) fn what_administrators_are_told_is_stored_tried_again_and_says_what_was_found<P: Place>(
    world: &mut World<P>,
) {
    start(world);
    let incident = world.violated();
    world.decides(incident, [plan("stuck"), case("deploy", Remedy::Pass)]);
    world.wait(GROUP_WAIT);
    let (admin, others): (Vec<_>, Vec<_>) =
        world.claim().into_iter().partition(|one| &*one.message.receiver == "admin");
    others.iter().for_each(|one| world.settle(one.message.id, &Attempt::TAKEN));
    let [outgoing] = admin.as_slice() else { panic!("{admin:#?}") };
    let [notice] = outgoing.notices.as_slice() else { panic!("{outgoing:#?}") };
    assert_eq!(notice.incident_status, IncidentStatus::Impasse);
    let DiagnosisFound::Impasse(cases) = &notice.diagnosis.as_ref().unwrap().found else {
        panic!("{notice:#?}")
    };
    let cases: Vec<&str> = cases.iter().map(CaseSaid::name).collect();
    assert_eq!(cases, ["stuck", "deploy"]);
    world.settle(outgoing.message.id, &later());
    world.reopen();
    world.wait(Span::mins(5));
    let again = world.claim().into_iter().find(|one| &*one.message.receiver == "admin").unwrap();
    assert_eq!((&again.message.key, &again.notices), (&outgoing.message.key, &outgoing.notices));

    // Without administrators the default receivers are told.
    let policy = (*world.configuration.policy).clone();
    world.configuration.policy = Arc::new(Policy { administrators: Vec::new(), ..policy });
    world.configure().unwrap();
    world.settle(again.message.id, &Attempt::TAKEN);
    world.admin_hears();
    world.decides(incident, []);
    world.wait(GROUP_WAIT);
    let outgoing = world.claim_one();
    assert_eq!((&*outgoing.message.receiver, said(&outgoing)), ("ops", diagnosis(2)));
}

/// 1.1, 21.4a
pub(crate) fn a_clock_that_is_set_back_leaves_ten_minutes<P: Place>(world: &mut World<P>) {
    start(world);
    world.wait(Span::mins(600));
    let incident = world.violated();
    world.decides(incident, [plan("stuck")]);
    let (before, now) = (world.now, world.now - Span::mins(500));
    world.store().reanchor(before, now).unwrap();
    world.now = now;
    world.wait(Span::mins(10));
    assert_eq!((world.expire(), world.standing(incident)), (0, IncidentStatus::SolutionApplied));
    world.wait(Span::ms(1));
    assert_eq!((world.expire(), world.standing(incident)), (1, IncidentStatus::Open));
}
