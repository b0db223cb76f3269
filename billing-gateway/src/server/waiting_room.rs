//! Where webhooks wait, so that a storm of them fills neither the core's queue nor this process, and
//! keeps no other request out. A provider that is put off may come back only in an hour: so there is
//! room for thousands.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::turned_away;
use crate::problem::{ApiError, Outage};

/// How long they wait. With the core's time for one this is less than providers' patience.
const TURN_TIMEOUT: Duration = Duration::from_secs(8);
/// What all that wait may take together, in KiB.
const ROOM_KIB: usize = 128 * 1024;
/// What a request takes besides its body, with its connection.
const REQUEST_KIB: u32 = 16;

#[derive(Debug)]
pub(crate) struct WaitingRoom {
    kib: Semaphore,
    turns: Semaphore,
}

/// A place in it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    _kib: SemaphorePermit<'a>,
    turns: &'a Semaphore,
}

impl WaitingRoom {
    /// The core is told of so many at the same time. Two of its transactions are enough: one that it works
    /// on, and the next.
    pub(crate) fn new(told_at_once: u16) -> Self {
        Self {
            kib: Semaphore::new(ROOM_KIB),
            turns: Semaphore::new(told_at_once.into()),
        }
    }

    /// Refuses where there is no room for a body of so many bytes.
    pub(crate) fn enter(&self, body_bytes: usize) -> Result<Place<'_>, ApiError> {
        let body = u32::try_from(body_bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let kib = self.kib.try_acquire_many(body.saturating_add(REQUEST_KIB));
        Ok(Place {
            _kib: kib.map_err(|_full| put_off())?,
            turns: &self.turns,
        })
    }
}

impl Place<'_> {
    /// Waits until it is this one's turn, which lasts until what this answers is dropped.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        match tokio::time::timeout(TURN_TIMEOUT, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(put_off()),
        }
    }
}

fn put_off() -> ApiError {
    turned_away::count("webhook");
    ApiError::Unavailable(Outage::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_thousands_of_usual_webhooks_and_for_a_hundred_of_the_largest() {
        let fill = |bytes: usize| {
            let room = WaitingRoom::new(32);
            let mut places = Vec::new();
            while let Ok(place) = room.enter(bytes) {
                places.push(place);
            }
            places.len()
        };
        assert_eq!(fill(4 * 1024), 6_553);
        assert_eq!(fill(1024 * 1024), 126);
    }

    #[tokio::test]
    async fn one_more_than_have_a_turn_gets_the_next_that_is_free() {
        let room = WaitingRoom::new(3);
        let places: Vec<Place<'_>> = (0..=3).map(|_| room.enter(1).unwrap()).collect();
        let mut turns = Vec::new();
        for place in &places[1..] {
            turns.push(place.turn().await.unwrap());
        }
        let last = places[0].turn();
        let freed = async {
            tokio::task::yield_now().await;
            turns.pop();
        };
        tokio::select! {
            biased;
            turn = last => panic!("{turn:?} of 3 that are taken"),
            () = freed => {}
        }
        drop(places[0].turn().await.unwrap());
    }
}
