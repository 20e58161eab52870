//! Who holds how many connections: when there is no place left, whoever holds the most loses one (9.1).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use super::connection::Progress;

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

    /// Ends the oldest idle connection of the address that holds the most; false if it has no idle one.
    pub(super) fn make_room(&self) -> bool {
        let mut seats = self.seats();
        let Some(of) = seats.of.values_mut().max_by_key(|of| of.len()) else { return false };
        let idle = of.iter().find(|(_, seat)| seat.task.is_some() && seat.progress.is_idle());
        let Some(number) = idle.map(|(number, _)| *number) else { return false };
        let task = of.remove(&number).and_then(|seat| seat.task);
        drop(seats);
        task.inspect(AbortHandle::abort).is_some()
    }
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
