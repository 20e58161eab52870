use super::*;
use crate::core::check::Rid;
use crate::core::fixtures::at;
use crate::core::time::{Span, Time};

mod model;

/// An incident, and all that was found of it.
#[derive(Default)]
struct Past(Vec<Diagnosis>);

impl Past {
    fn decide(&mut self, found: &CasesFound, now: Time) -> Decided {
        if let Some(lost) = lose(&self.0, now) {
            self.put(lost);
        }
        let decided = decide(found, &self.0, now);
        self.0.extend(decided.new.clone());
        decided
    }

    fn put(&mut self, diagnosis: Diagnosis) {
        let place = diagnosis.number as usize - 1;
        self.0[place] = diagnosis;
    }

    /// Answers whether it is new.
    fn end(&mut self, number: u32, how: SolutionOutcome, now: Time) -> Result<bool, EndRefused> {
        let ended = end_solution(&self.0, number, how, now)?;
        let is_new = ended.is_some();
        ended.into_iter().for_each(|diagnosis| self.put(diagnosis));
        Ok(is_new)
    }
}

fn case(name: &str, remedy: Remedy) -> Case {
    Case { said: CaseSaid::new(name, "it is stuck", "").unwrap(), remedy }
}

fn found(cases: impl IntoIterator<Item = Case>) -> CasesFound {
    CasesFound { cases: cases.into_iter().collect(), rid: None, is_carried_out: true }
}

fn plan(name: &str) -> Case {
    case(name, Remedy::Plan("restart".to_owned()))
}

/// 21.3a
#[test]
fn exactly_one_plan_is_carried_out_one_pass_waits_and_all_else_is_for_people() {
    let pass = || case("deploy", Remedy::Pass);
    let decided = |cases: Vec<Case>| Past::default().decide(&found(cases), at(0));
    let none = decided(vec![]);
    assert_eq!((none.decision, none.is_told), (Decision::NoCase, true));
    let one = decided(vec![plan("stuck")]);
    assert_eq!((one.decision, one.is_told), (Decision::Apply, false));
    assert_eq!(
        one.solution.map(|solution| (solution.number, solution.plan)),
        Some((1, "restart".to_owned()))
    );
    let waits = decided(vec![pass()]);
    assert_eq!((waits.decision, waits.solution, waits.is_told), (Decision::Wait, None, false));
    for several in [vec![plan("stuck"), pass()], vec![pass(), case("night", Remedy::Pass)]] {
        let several = decided(several);
        assert_eq!((several.decision, several.solution, several.is_told), (Decision::Impasse, None, true));
    }
    let only_proposed = CasesFound { is_carried_out: false, ..found([plan("stuck")]) };
    let proposed = Past::default().decide(&only_proposed, at(0));
    assert_eq!((proposed.decision, proposed.solution, proposed.is_told), (Decision::Propose, None, true));
}

/// T7: 21.2a, 21.6a, 21.7
#[test]
fn the_second_decision_is_the_second_plan_and_after_the_last_it_waits() {
    let plans = Remedy::Plans(vec!["restart".to_owned(), "page the team".to_owned()]);
    let stuck = found([case("stuck", plans)]);
    let mut past = Past::default();
    for (number, plan) in [(1, "restart"), (2, "page the team")] {
        let now = at(100 * i64::from(number));
        let solution = past.decide(&stuck, now).solution.unwrap();
        assert_eq!((solution.number, solution.plan.as_str()), (number, plan));
        assert_eq!(past.end(number, SolutionOutcome::Enacted, now), Ok(true));
    }
    assert_eq!(past.decide(&stuck, at(300)).decision, Decision::Wait);
    assert_eq!(past.decide(&stuck, at(400)).new, None, "that it waits is on record once");

    let two = found([plan("stuck"), plan("full")]);
    assert!(past.decide(&two, at(500)).is_told);
    let again = past.decide(&found([plan("full"), plan("stuck")]), at(600));
    assert_eq!((again.decision, again.new, again.is_told), (Decision::Impasse, None, false));
    assert!(past.decide(&found([plan("full"), plan("slow")]), at(700)).is_told, "these are other cases");
    let again = past.decide(&two, at(800));
    assert!(again.new.is_some() && !again.is_told, "it is on record that it is back, and told once");
    // Another case begins with its own first plan.
    let other = found([case("slow", Remedy::Plans(vec!["wait for it".to_owned()]))]);
    assert_eq!(
        past.decide(&other, at(900)).solution.map(|it| (it.number, it.plan)),
        Some((3, "wait for it".to_owned()))
    );
}

/// T8: 21.4a, 21.4c
#[test]
fn a_solution_of_which_nobody_says_how_it_ended_is_lost_after_ten_minutes_and_another_is_decided() {
    let stuck = found([plan("stuck")]);
    let mut past = Past::default();
    assert_eq!(past.decide(&stuck, at(0)).decision, Decision::Apply);
    for now in [at(60), at(600)] {
        let decided = past.decide(&stuck, now);
        assert_eq!((decided.decision, decided.new), (Decision::UnderWay, None));
        assert_eq!(decided.solution.map(|solution| solution.number), Some(1));
    }
    let decided = past.decide(&stuck, at(601));
    assert_eq!(decided.solution.map(|solution| solution.number), Some(2));
    let end = SolutionEnd { at: at(600), how: SolutionOutcome::Lost };
    assert_eq!(past.0[0].solution().unwrap().ended, Some(end.clone()));
    let late = past.end(1, SolutionOutcome::Enacted, at(700));
    assert_eq!(late, Err(EndRefused::EndedOtherwise(end)));
    assert_eq!(past.end(3, SolutionOutcome::Enacted, at(700)), Err(EndRefused::NoSuchSolution));
    assert_eq!(past.end(2, SolutionOutcome::failed("no"), at(700)), Ok(true));
    assert_eq!(past.end(2, SolutionOutcome::failed("no"), at(701)), Ok(false), "said twice, it ended once");
}

/// 21.4b
#[test]
fn the_same_look_is_told_the_same_again() {
    let look = |rid: &str| CasesFound { rid: Rid::parse(rid), ..found([plan("stuck")]) };
    let mut past = Past::default();
    assert_eq!(past.decide(&look("a"), at(0)).decision, Decision::Apply);
    let again = past.decide(&look("a"), at(1));
    assert_eq!((again.decision, again.new), (Decision::Apply, None), "its answer was lost");
    assert_eq!(again.solution.map(|solution| solution.number), Some(1));
    assert_eq!(past.decide(&look("b"), at(2)).decision, Decision::UnderWay);
    assert_eq!(past.decide(&found([plan("stuck")]), at(3)).decision, Decision::UnderWay);
    past.end(1, SolutionOutcome::Enacted, at(4)).unwrap();
    let late = past.decide(&look("a"), at(5));
    assert_eq!((late.decision, late.new), (Decision::UnderWay, None), "it was decided by that look");
    assert_eq!(past.decide(&look("b"), at(6)).solution.map(|solution| solution.number), Some(2));
}

/// 21.6c
#[test]
fn once_as_much_is_on_record_as_may_be_nothing_is_done_and_people_are_told_once() {
    let mut past = Past::default();
    let mut told = 0;
    for round in 0..150 {
        let decided = past.decide(&found([plan("stuck")]), at(round));
        told += usize::from(decided.is_told);
        let is_done = decided.decision == Decision::Apply;
        assert_eq!(is_done, round < 99, "{round}");
        if let Some(solution) = decided.solution {
            past.end(solution.number, SolutionOutcome::Enacted, at(round)).unwrap();
        }
    }
    assert_eq!((past.0.len(), told), (Diagnosis::MOST, 1));
    assert_eq!(past.0.last().unwrap().found, DiagnosisFound::Full);
    assert_eq!(past.decide(&found([]), at(200)).decision, Decision::NoCase);
}

/// 21.1
#[test]
fn a_case_has_a_name_and_is_short() {
    assert_eq!(CaseSaid::new("", "", ""), Err(CaseError::Name));
    assert_eq!(CaseSaid::new("a\nb", "", ""), Err(CaseError::Name));
    let longest = "x".repeat(CaseSaid::MAX_TEXT_BYTES);
    assert!(CaseSaid::new("a", &longest, &longest).is_ok());
    assert_eq!(CaseSaid::new("a", &format!("{longest}x"), ""), Err(CaseError::Problem));
    assert_eq!(CaseSaid::new("a", "", &format!("{longest}x")), Err(CaseError::Reason));
    assert_eq!(Solution::LOST_AFTER, Span::mins(10));
}
