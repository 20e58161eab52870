//! A canary's history: newest first, and bounded.

use super::{Mine, text, time};

#[test]
fn it_tells_what_happened_newest_first_and_no_more_than_a_thousand_times() {
    let mine = Mine::coal();
    let id = text(&mine.canary("create?name=a&periodicity=60&paused=1")["id"]);
    mine.ok("unpause?name=a&comment=%C3%A4");
    mine.ok("trigger?name=a");
    // By whatever door.
    mine.server.ping("a?comment=from+a+job");
    let comments = |count: usize| -> Vec<String> {
        let canary = mine.canary(&format!("get?id={id}"));
        let history = canary["history"].as_array().unwrap();
        let times: Vec<_> = history.iter().map(|entry| time(&entry[0])).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
        assert_eq!(history.len(), count);
        history.iter().map(|entry| text(&entry[1])).collect()
    };
    let first = ["Triggered (from a job)", "Triggered", "Unpaused (ä)", "Canary created"];
    assert_eq!(comments(4), first);
    for n in 0..1000 {
        assert_eq!(mine.server.get(&format!("/{id}?m={n}")).status, 200);
    }
    let comments = comments(1000);
    assert_eq!((comments[0].as_str(), comments[999].as_str()), ("Triggered (999)", "Triggered (0)"));
}
