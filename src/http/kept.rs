//! Renderings that are the same for all who may see them: one is made for all who wait for it (22.9a).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;
use maud::Markup;

use crate::app::Bug;
use crate::clock::Clock;
use crate::core::cause::Status;
use crate::core::time::{Span, Time};

/// What a page shows to whomever. What is its viewer's own (who they are, their forms) stands around it, and is never kept.
pub(super) struct Rendering {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) worst: Option<Status>,
    pub(super) content: Markup,
}

/// Which page, and whether it is asked for at the socket: who comes over the network keeps nobody there waiting.
pub(super) type PageKey = (String, bool);

type Slot = Arc<tokio::sync::Mutex<Option<(Time, Arc<Rendering>)>>>;

/// The last renderings of a few pages.
#[derive(Default)]
pub(super) struct Kept(Mutex<HashMap<PageKey, Slot>>);

impl Kept {
    /// So many pages are kept.
    const MOST: usize = 16;
    /// Whoever asks again may be shown what is so old.
    const LASTS: Span = Span::secs(2);

    /// The rendering of a page. Whoever loads it gets one that begins after they came, and so shows all that was stored before;
    /// all who wait meanwhile get the same.
    pub(super) async fn get(
        &self,
        page: PageKey,
        asks_again: bool,
        clock: &Clock,
        render: impl Future<Output = Result<Rendering, Bug>>,
    ) -> Result<Arc<Rendering>, Bug> {
        let came = clock.now();
        let after = if asks_again { came - Kept::LASTS } else { came };
        let slot = self.slot(page);
        let mut kept = slot.lock().await;
        let begins = clock.now();
        // A clock that was set back makes nothing newer.
        let is_new = |began: Time| began > after && began <= begins;
        if let Some((_, rendering)) = kept.as_ref().filter(|(began, _)| is_new(*began)) {
            return Ok(rendering.clone());
        }
        let rendering = Arc::new(render.await?);
        *kept = Some((begins, rendering.clone()));
        Ok(rendering)
    }

    fn slot(&self, page: PageKey) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= Kept::MOST && !slots.contains_key(&page) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        // Beyond that each is made for itself.
        if slots.len() >= Kept::MOST && !slots.contains_key(&page) {
            return Slot::default();
        }
        slots.entry(page).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;
    use crate::clock::Hands;

    struct World {
        kept: Kept,
        hands: Arc<Hands>,
        clock: Clock,
        rendered: AtomicUsize,
        gate: Semaphore,
    }

    impl World {
        fn new(open: usize) -> World {
            let hands = Hands::at(Time::from_secs(1_700_000_000));
            let clock = Clock::with_hands(hands.clone());
            World {
                kept: Kept::default(),
                hands,
                clock,
                rendered: AtomicUsize::new(0),
                gate: Semaphore::new(open),
            }
        }

        /// Asks for a page; the number of its rendering.
        async fn ask(&self, page: &str, asks_again: bool) -> String {
            let render = async {
                self.gate.acquire().await.expect("it stays open").forget();
                let number = self.rendered.fetch_add(1, Ordering::SeqCst) + 1;
                let title = format!("{page} {number}");
                Ok(Rendering { status: StatusCode::OK, title, worst: None, content: Markup::default() })
            };
            let key = (page.to_owned(), false);
            let rendering = self.kept.get(key, asks_again, &self.clock, render).await.expect("no bug");
            rendering.title.clone()
        }
    }

    fn run(work: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work);
    }

    /// 22.9a
    #[test]
    fn who_asks_again_within_two_seconds_is_shown_what_another_was() {
        run(async {
            let world = World::new(9);
            assert_eq!(world.ask("a", true).await, "a 1");
            world.hands.pass(Span::ms(1999));
            assert_eq!(world.ask("a", true).await, "a 1");
            assert_eq!(world.ask("b", true).await, "b 2");
            world.hands.pass(Span::ms(1));
            assert_eq!(world.ask("a", true).await, "a 3");
            world.hands.pass(Span::ms(1));
            assert_eq!(world.ask("a", false).await, "a 4", "who loads a page is shown what is so now");
            world.hands.set_wall(Span::mins(-1));
            world.clock.anchor();
            assert_eq!(world.ask("b", true).await, "b 5");
        });
    }

    /// 22.9a
    #[test]
    fn all_who_come_while_one_is_made_are_shown_the_next_one_together() {
        run(async {
            let world = World::new(0);
            let ask = || world.ask("a", false);
            let come_later = async {
                world.hands.pass(Span::ms(1));
                tokio::join!(ask(), ask(), ask(), async {
                    tokio::task::yield_now().await;
                    world.hands.pass(Span::ms(1));
                    world.gate.add_permits(9);
                })
            };
            let (first, (second, third, fourth, ())) = tokio::join!(ask(), come_later);
            assert_eq!([first, second, third, fourth], ["a 1", "a 2", "a 2", "a 2"]);
        });
    }

    #[test]
    fn only_a_few_pages_are_kept() {
        run(async {
            let world = World::new(99);
            for number in 0..40 {
                world.ask(&number.to_string(), true).await;
            }
            let held = world.kept.0.lock().expect("nobody panicked").len();
            assert!(held <= Kept::MOST, "{held}");
        });
    }
}
