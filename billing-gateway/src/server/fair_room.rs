//! Room that clients share, whoever comes. Where it is full, the network that takes the most of it
//! loses what it has had the longest: so a crowd from one place only ever drives itself out, and a
//! gateway behind one proxy, where all are of one place, keeps whoever is quick. Nobody waits for room.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::turned_away;

#[derive(Debug)]
pub(crate) struct FairRoom {
    /// What is turned away where it is full, for the metric.
    name: &'static str,
    units: usize,
    seats: Mutex<Seats>,
    left: Notify,
}

#[derive(Debug, Default)]
struct Seats {
    next: u64,
    units: usize,
    by_network: HashMap<IpAddr, Network>,
    /// Places that are revoked and not dropped yet.
    leaving: usize,
}

#[derive(Debug, Default)]
struct Network {
    units: usize,
    /// The longest taken first.
    seats: BTreeMap<u64, Seat>,
}

#[derive(Debug)]
struct Seat {
    units: usize,
    kept: bool,
    revoked: CancellationToken,
}

/// A part of the room, until it is dropped or revoked.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<FairRoom>,
    network: IpAddr,
    seat: u64,
    revoked: CancellationToken,
}

impl FairRoom {
    pub(crate) fn new(name: &'static str, units: usize) -> Arc<Self> {
        Arc::new(Self {
            name,
            units,
            seats: Mutex::default(),
            left: Notify::new(),
        })
    }

    /// None, which is counted, where nothing of it may be taken for this one.
    pub(crate) fn enter(self: &Arc<Self>, network: IpAddr, units: usize) -> Option<Place> {
        let mut seats = self.seats();
        if !self.make_room(&mut seats, network, units) {
            turned_away::count(self.name);
            return None;
        }
        let (seat, revoked) = (seats.next, CancellationToken::new());
        seats.next = seat.saturating_add(1);
        seats.units = seats.units.saturating_add(units);
        let of_network = seats.by_network.entry(network).or_default();
        of_network.units = of_network.units.saturating_add(units);
        let taken = Seat {
            units,
            kept: false,
            revoked: revoked.clone(),
        };
        of_network.seats.insert(seat, taken);
        Some(Place {
            room: Arc::clone(self),
            network,
            seat,
            revoked,
        })
    }

    /// Waits until all that was revoked is dropped. For one that waits at a time.
    pub(crate) async fn left(&self) {
        // A change between the look and the wait is kept for the wait.
        while self.seats().leaving > 0 {
            self.left.notified().await;
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_room(&self, seats: &mut Seats, newcomer: IpAddr, units: usize) -> bool {
        while seats.units.saturating_add(units) > self.units {
            let Some((network, seat)) = seats.first_to_go(newcomer) else {
                return false;
            };
            if let Some(gone) = seats.remove(network, seat) {
                gone.revoked.cancel();
                seats.leaving = seats.leaving.saturating_add(1);
                turned_away::count(self.name);
            }
        }
        true
    }
}

impl Seats {
    /// The oldest of the network that has most: none of one that has less than the newcomer's.
    fn first_to_go(&self, newcomer: IpAddr) -> Option<(IpAddr, u64)> {
        let newcomers = self.by_network.get(&newcomer).map_or(0, |of| of.units);
        self.by_network
            .iter()
            .filter(|(_, of_network)| of_network.units >= newcomers)
            .filter_map(|(network, of_network)| {
                let mut seats = of_network.seats.iter();
                let (seat, _) = seats.find(|(_, seat)| !seat.kept)?;
                Some((of_network.units, Reverse(*seat), *network))
            })
            .max()
            .map(|(_, Reverse(seat), network)| (network, seat))
    }

    fn remove(&mut self, network: IpAddr, seat: u64) -> Option<Seat> {
        let of_network = self.by_network.get_mut(&network)?;
        let gone = of_network.seats.remove(&seat)?;
        of_network.units = of_network.units.saturating_sub(gone.units);
        self.units = self.units.saturating_sub(gone.units);
        if of_network.seats.is_empty() {
            self.by_network.remove(&network);
        }
        Some(gone)
    }

    fn units_of(&self, network: IpAddr, seat: u64) -> Option<usize> {
        let seat = self.by_network.get(&network)?.seats.get(&seat)?;
        Some(seat.units)
    }

    fn change(&mut self, network: IpAddr, seat: u64, change: impl FnOnce(&mut Seat)) {
        let of_network = self.by_network.get_mut(&network);
        if let Some(seat) = of_network.and_then(|network| network.seats.get_mut(&seat)) {
            change(seat);
        }
    }
}

impl Place {
    /// Takes so much of the room in all, where it has less, from others or from this one.
    pub(crate) fn grow_to(&self, units: usize) {
        let mut seats = self.room.seats();
        let (network, seat) = (self.network, self.seat);
        let Some(had) = seats.units_of(network, seat) else {
            return;
        };
        let units = units.saturating_sub(had);
        // Nothing of such a room is kept: so there is always enough to take.
        self.room.make_room(&mut seats, network, units);
        if self.revoked.is_cancelled() {
            return;
        }
        seats.change(network, seat, |seat| {
            seat.units = seat.units.saturating_add(units);
        });
        if let Some(of_network) = seats.by_network.get_mut(&network) {
            of_network.units = of_network.units.saturating_add(units);
        }
        seats.units = seats.units.saturating_add(units);
    }

    /// From now on it is not revoked any more.
    pub(crate) fn keep(&self) {
        let mut seats = self.room.seats();
        seats.change(self.network, self.seat, |seat| seat.kept = true);
    }

    /// From now on it may be revoked again. Whether it was kept until now.
    pub(crate) fn let_go(&self) -> bool {
        let mut kept = false;
        let mut seats = self.room.seats();
        seats.change(self.network, self.seat, |seat| {
            kept = std::mem::take(&mut seat.kept);
        });
        kept
    }

    /// Waits until another one has it.
    pub(crate) fn revoked(&self) -> WaitForCancellationFuture<'_> {
        self.revoked.cancelled()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut seats = self.room.seats();
        if seats.remove(self.network, self.seat).is_none() {
            seats.leaving = seats.leaving.saturating_sub(1);
            drop(seats);
            self.room.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::{FairRoom, Place};

    const CROWD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn full(room: &Arc<FairRoom>, network: IpAddr, places: usize) -> Vec<Place> {
        let taken = (0..places).map(|_| room.enter(network, 1).unwrap());
        taken.collect()
    }

    fn revoked(places: &[Place]) -> Vec<bool> {
        let each = places.iter().map(|place| place.revoked.is_cancelled());
        each.collect()
    }

    #[test]
    fn whoever_takes_the_most_loses_the_oldest() {
        let room = FairRoom::new("test", 4);
        let other = room.enter(OTHER, 1).unwrap();
        let crowd = full(&room, CROWD, 10);
        let gone: Vec<bool> = (0..10).map(|place| place < 7).collect();
        assert_eq!(revoked(&crowd), gone);
        assert!(!other.revoked.is_cancelled());
        let second = room.enter(OTHER, 1).unwrap();
        assert!(crowd[7].revoked.is_cancelled());
        drop((crowd, other, second));
        assert_eq!(room.seats().units, 0);
        assert!(room.seats().by_network.is_empty());
    }

    #[test]
    fn what_is_kept_stays_until_it_is_let_go() {
        let room = FairRoom::new("test", 2);
        let crowd = full(&room, CROWD, 2);
        crowd[0].keep();
        let _other = room.enter(OTHER, 1).unwrap();
        assert_eq!(revoked(&crowd), [false, true]);
        crowd[0].let_go();
        let _another = room.enter(OTHER, 1).unwrap();
        assert_eq!(revoked(&crowd), [true, true]);
    }

    #[test]
    fn where_all_of_a_crowd_is_kept_it_puts_nobody_else_out() {
        let room = FairRoom::new("test", 4);
        let other = room.enter(OTHER, 1).unwrap();
        let crowd = full(&room, CROWD, 3);
        for place in &crowd {
            place.keep();
        }
        assert!(room.enter(CROWD, 1).is_none());
        assert!(!other.revoked.is_cancelled());
        // Its own it may still replace.
        let _instead = room.enter(OTHER, 1).unwrap();
        assert!(other.revoked.is_cancelled());
    }

    #[tokio::test]
    async fn what_is_revoked_has_left_when_it_is_dropped() {
        let room = FairRoom::new("test", 1);
        let first = room.enter(CROWD, 1).unwrap();
        room.left().await;
        let _second = room.enter(OTHER, 1).unwrap();
        let waiting = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.left().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
    }

    #[test]
    fn who_grows_pushes_out_whoever_has_grown_most() {
        let room = FairRoom::new("test", 10);
        let small = room.enter(OTHER, 1).unwrap();
        let large = room.enter(CROWD, 1).unwrap();
        large.grow_to(9);
        assert!(!small.revoked.is_cancelled());
        small.grow_to(2);
        assert!(large.revoked.is_cancelled());
        small.grow_to(10);
        assert_eq!(room.seats().units, 10);
        // Nobody else is left to lose anything.
        small.grow_to(11);
        assert!(small.revoked.is_cancelled());
        assert_eq!(room.seats().units, 0);
    }
}
