//! Waiting for what a short secret is worth, where its address guesses: for a second, and a few of each address at a time (23.3c).
//! So neither many requests nor many connections make guessing faster.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::whose::whose;

/// Who waits, by address.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<HashMap<IpAddr, Arc<Semaphore>>>);

/// Over once it may be said what a secret is worth. In a box: what is kept for a ping should be small.
pub(super) type Wait = Pin<Box<dyn Future<Output = Result<(), NoTurn>> + Send>>;

/// So many of its address wait that its turn did not come. It is not said what it is worth, right or wrong.
#[derive(Debug)]
pub(super) struct NoTurn;

impl Waits {
    /// So long what is right is taken, and guessing is slow.
    const LASTS: Duration = Duration::from_secs(1);
    /// Of one address; the others wait behind them.
    const AT_A_TIME: usize = 4;
    /// So long one waits for its turn. Jobs behind one address that all begin at the same minute should have theirs.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// One more of this address.
    pub(super) fn begin(&self, source: IpAddr) -> Wait {
        let places = self.places_of(source);
        Box::pin(async move {
            let place = timeout(Waits::PATIENCE, places.acquire()).await;
            let Ok(Ok(_place)) = place else { return Err(NoTurn) };
            sleep(Waits::LASTS).await;
            Ok(())
        })
    }

    fn places_of(&self, source: IpAddr) -> Arc<Semaphore> {
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let address = whose(source);
        if let Some(places) = waits.get(&address) {
            return places.clone();
        }
        // Of the others those are remembered of whom somebody waits.
        waits.retain(|_, places| Arc::strong_count(places) > 1);
        waits.entry(address).or_insert_with(|| Arc::new(Semaphore::new(Waits::AT_A_TIME))).clone()
    }
}

/// Waits, where there is something to wait for.
pub(super) async fn over(wait: Option<Wait>) -> Result<(), NoTurn> {
    match wait {
        Some(wait) => wait.await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::task::JoinSet;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("it is one")
    }

    /// 23.3c
    #[tokio::test]
    async fn however_many_wait_of_an_address_few_have_their_turn_each_second() {
        let (waits, since) = (Waits::default(), Instant::now());
        let mut all = JoinSet::new();
        // A network of IPv6 is one address.
        for host in 0..60 {
            all.spawn(waits.begin(address(&format!("2001:db8:1:2::{host:x}"))));
        }
        waits.begin(address("2001:db8:1:3::1")).await.expect("nobody waits there");
        let turns = async |all: &mut JoinSet<Result<(), NoTurn>>| {
            let over = all.join_next().await.expect("some wait").expect("none panics");
            (over.is_ok(), since.elapsed())
        };
        let (mut had_turns, mut had_none) = (0, 0);
        while !all.is_empty() {
            match turns(&mut all).await {
                (true, elapsed) => {
                    had_turns += 1;
                    let seconds = u32::try_from(elapsed.as_secs()).expect("few");
                    assert!(had_turns <= seconds * 4, "{had_turns} within {elapsed:?}");
                }
                (false, _) => had_none += 1,
            }
        }
        assert!(had_turns >= 8 && had_none > 0, "{had_turns} had their turn, {had_none} had none");
    }

    #[test]
    fn who_has_gone_is_not_remembered() {
        let waits = Waits::default();
        let one = waits.begin(address("10.0.0.1"));
        for host in 0..1000_u32 {
            drop(waits.begin(IpAddr::V4((0x0a01_0000 + host).into())));
        }
        assert_eq!(waits.0.lock().expect("nobody panicked").len(), 2);
        drop(one);
    }
}
