//! Who holds how many connections: when there is no place left, whoever holds the most loses one (9.1).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use super::progress::{Progress, Worth};

/// All connections, by the address of their clients. Owned by the server.
#[derive(Debug, Default)]
pub(super) struct Peers(Mutex<Seats>);

#[derive(Debug, Default)]
struct Seats {
    /// The oldest connection of each address first.
    of: HashMap<IpAddr, BTreeMap<u64, Seat>>,
    last: u64,
}

#[derive(Debug)]
struct Seat {
    progress: Arc<Progress>,
    /// What serves it, once that runs.
    task: Option<AbortHandle>,
}

/// A connection among the others, until it is dropped.
#[derive(Debug)]
pub(super) struct Seated {
    peers: Arc<Peers>,
    address: IpAddr,
    number: u64,
}

impl Peers {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in.
    pub(super) fn seat(self: &Arc<Peers>, address: IpAddr, progress: Arc<Progress>) -> Seated {
        let mut seats = self.seats();
        seats.last += 1;
        let number = seats.last;
        seats.of.entry(address).or_default().insert(number, Seat { progress, task: None });
        Seated { peers: self.clone(), address, number }
    }

    /// What serves a connection runs.
    pub(super) fn runs(&self, address: IpAddr, number: u64, task: AbortHandle) {
        let mut seats = self.seats();
        if let Some(seat) = seats.of.get_mut(&address).and_then(|of| of.get_mut(&number)) {
            seat.task = Some(task);
        }
    }

    /// Ends a connection of the address that holds the most: the oldest idle one, and if there is none and `for_whom` holds
    /// fewer, the oldest of those with which the least is lost. False if none can go.
    pub(super) fn make_room(&self, for_whom: IpAddr) -> bool {
        let mut seats = self.seats();
        let held = seats.of.get(&for_whom).map_or(0, BTreeMap::len);
        let Some(of) = seats.of.values_mut().max_by_key(|of| of.len()) else { return false };
        // Nobody is better off if one's own requests drive one another out.
        let most = if held + 1 < of.len() { Worth::Request } else { Worth::Answer };
        let Some(number) = least_worth(of, most) else { return false };
        let seat = of.remove(&number);
        drop(seats);
        let Some(Seat { progress, task: Some(task) }) = seat else { return false };
        progress.evict();
        task.abort();
        true
    }
}

/// The oldest of those with which the least is lost, and at most `most`.
fn least_worth(of: &BTreeMap<u64, Seat>, most: Worth) -> Option<u64> {
    let mut found: Option<(Worth, u64)> = None;
    for (number, seat) in of.iter().filter(|(_, seat)| seat.task.is_some()) {
        let worth = seat.progress.worth();
        if worth <= most && found.is_none_or(|(least, _)| worth < least) {
            found = Some((worth, *number));
        }
        if worth == Worth::Idle {
            break;
        }
    }
    found.map(|(_, number)| number)
}

impl Seated {
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let mut seats = self.peers.seats();
        if let Some(of) = seats.of.get_mut(&self.address) {
            of.remove(&self.number);
            if of.is_empty() {
                seats.of.remove(&self.address);
            }
        }
    }
}
