//! 22.8: what a check's last results are made of.

use super::*;
use crate::core::results::LastResult;

/// Oldest first: `60 success`, `300 met 2`.
fn results(run: &Run) -> Vec<String> {
    let line = |LastResult { at, kind, count }: LastResult| {
        let count = count.map_or(String::new(), |count| format!(" {count}"));
        format!("{} {}{count}", at.as_ms() / 1000, kind.as_str())
    };
    let mut all: Vec<String> = run.state.results.newest_first().map(line).collect();
    all.reverse();
    all
}

/// 22.8: also a run that was too short; starts, logs and repetitions are no results.
#[test]
fn each_end_of_a_run_and_each_lateness_is_a_result() {
    let spec = Spec { min_runtime: Some(Span::secs(5)), ..every() };
    let script =
        "1 start; 30 success; 40 log; 50 start; 52 success; 100 fail rid=a; 101 fail rid=a; 200 success";
    let run = check_quietly(&spec, script);
    assert_eq!(results(&run), ["30 success", "52 fail", "100 fail", "170 missed", "200 success"]);
}

/// 22.8, 9.5
#[test]
fn what_nobody_can_tell_is_unknown() {
    let run = check_quietly(&every(), "60 success; 720 blind 120-720; 721 tick; 790.001 tick");
    assert_eq!(results(&run), ["60 success", "720 unknown", "790 missed"]);
}

/// 22.8, 3.6: where successes are counted, the count is the result, by its occurrence.
#[test]
fn a_count_is_a_result_and_the_newest_ten_stay() {
    let spec = Spec {
        schedule: Schedule::CountedAt(occurrences("*/5 * * * *"), expect(Some(2), None, 300)),
        grace: Span::secs(60),
        ..every()
    };
    let run =
        check_quietly(&spec, "1 success; 2 success; 301 tick; 400 success; 650 success; 905 fail; 961 tick");
    assert_eq!(results(&run), ["300 met 2", "600 met 2", "900 not_met 1", "905 fail"]);
    let run = check_quietly(&spec, "1 success; 4000 tick");
    let all = results(&run);
    assert_eq!((all.len(), all[0].as_str(), all[9].as_str()), (10, "1200 not_met 0", "3900 not_met 0"));
}

/// 22.8, 3.4
#[test]
fn a_sliding_count_is_a_result_where_it_changes() {
    let spec =
        Spec { schedule: Schedule::Counted(expect(Some(2), Some(3), 100)), grace: Span::ZERO, ..every() };
    let script =
        "1 success; 2 success; 103 tick; 110 success; 111 success; 112 success; 113 success; 300 tick";
    let run = check_quietly(&spec, script);
    assert_eq!(results(&run), ["101 not_met 1", "111 met 2", "113 not_met 4", "210 met 3", "212 not_met 1"]);
}

/// 22.8: of another promise they say nothing.
#[test]
fn results_of_what_is_expected_no_more_are_forgotten() {
    let counted = |at_least| Spec {
        schedule: Schedule::CountedAt(occurrences("*/5 * * * *"), expect(Some(at_least), None, 300)),
        grace: Span::ZERO,
        ..every()
    };
    let specs = [Spec { grace: Span::secs(20), ..every() }, counted(1), counted(2)];
    let of = |script: &str, start: usize| {
        let mut run = Run::new(&specs[start]);
        run.script(&parse(script), &specs, &[]);
        results(&run)
    };
    assert_eq!(of("10 success; 20 change 0; 21 tick", 1), Vec::<String>::new());
    assert_eq!(of("10 success; 301 tick; 302 change 1; 303 tick", 1), ["300 met 1"]);
    assert_eq!(of("10 success; 301 tick; 302 change 2; 303 tick", 1), Vec::<String>::new());
    assert_eq!(of("10 success; 20 archive; 30 return 0; 31 tick", 0), ["10 success"]);
}
