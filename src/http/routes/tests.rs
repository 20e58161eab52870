//! What holds of the table as a whole.

use super::*;

#[test]
fn no_route_hides_another() {
    for route in ROUTES.iter() {
        let path = route.template.replace("{alias}", "abcdefgh").replace(['{', '*', '}'], "");
        for method in route.methods {
            let (found, _) = find(&path, method).expect("it is a row of the table");
            assert!(std::ptr::eq(found, route), "{method} {path}");
        }
    }
}

/// Other systems write by GET as well.
#[test]
fn who_only_reads_needs_nothing_or_may_read_and_who_writes_needs_more() {
    // What is judged is sent, and nothing is changed by it; and what is due is asked by whoever reports.
    let others = [Handler::Api(Operation::CheckConfig), Handler::Api(Operation::Due)];
    let is_other =
        |route: &&Route| others.contains(&route.handler) || matches!(route.needs, Needs::Compat(_));
    for route in ROUTES.iter().filter(|route| !is_other(route)) {
        let reads = route.methods.iter().all(|method| READ.contains(method) || method == Method::OPTIONS);
        let asks_to_read = [Needs::Nothing, Needs::Read, Needs::Page, Needs::Metrics].contains(&route.needs);
        assert_eq!(reads, asks_to_read, "{route:?}");
    }
}
