//! Who is told, and what is held back.

use super::*;

/// 12.1: what is stored names actions by this number, so that it must never change.
#[test]
fn an_actions_id_is_a_hash_of_its_definition() {
    let action = |receiver: &str, after, repeat| Action::new(receiver.into(), after, repeat).id;
    let ids = [
        action("ops", Span::ZERO, None),
        action("ops", Span::ZERO, Some(Span::ZERO)),
        action("ops", Span::mins(15), None),
        action("dba", Span::ZERO, None),
    ];
    let distinct: std::collections::BTreeSet<ActionId> = ids.into_iter().collect();
    assert_eq!(distinct.len(), ids.len());
    assert_eq!(ids[0], ActionId(0x7940_f270_2784_3e64));
}
