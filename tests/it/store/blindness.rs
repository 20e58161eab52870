//! What follows when we could not tell, and then can (9.6).

use punctual::core::cause::CauseKind;
use punctual::core::check::PingKind;
use punctual::core::outbox::Attempt;
use punctual::core::time::Span;
use punctual::store::{Outgoing, Stance};

use super::world::{GROUP_WAIT, Place, World};

fn reasons(outgoing: &Outgoing) -> Vec<CauseKind> {
    outgoing.notices[0].causes.iter().map(|cause| cause.kind).collect()
}

/// We are away while a check is due, and somebody takes on that we cannot tell, once that was told.
fn acknowledge_blindness<P: Place>(world: &mut World<P>) {
    world.declare(&["a"]);
    world.ping("a", PingKind::Success);
    world.now = world.now + Span::secs(127);
    world.reopen();
    world.wait(Span::ms(1));
    world.expire();
    world.wait(GROUP_WAIT);
    let blind = world.claim_one();
    assert_eq!(reasons(&blind), [CauseKind::Blind]);
    world.settle(blind.message.id, &Attempt::TAKEN);
    let (incident, now) = (blind.notices[0].incident, world.now);
    assert!(world.says(incident, Stance::Acknowledge, "only our deploy", now));
}

/// 9.6: whoever learns to pass over "we cannot tell" has a failed backup told for itself, and told once.
pub(crate) fn a_failure_after_blindness_is_told_for_itself<P: Place>(world: &mut World<P>) {
    acknowledge_blindness(world);
    world.reopen();
    world.ping("a", PingKind::Fail);
    world.wait(GROUP_WAIT);
    let failed = world.claim_one();
    assert_eq!((&*failed.message.receiver, reasons(&failed)), ("ops", vec![CauseKind::Failed]));
    world.settle(failed.message.id, &Attempt::TAKEN);
    world.ping("a", PingKind::Fail);
    world.wait(Span::mins(2));
    world.expire();
    world.wait(GROUP_WAIT);
    assert!(world.claim().is_empty(), "it is the same incident");
    world.ping("a", PingKind::Success);
    world.wait(GROUP_WAIT);
    assert_eq!(world.told(), ["Recovery a"]);
}
