//! No more than so many a second, whoever asks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Turns at even distances. Those that were missed are not made up for.
pub struct Pace {
    gap: Option<Duration>,
    next: Mutex<Instant>,
}

impl Pace {
    pub fn of(per_second: Option<u32>) -> Self {
        Self {
            gap: per_second.map(|per_second| Duration::from_secs(1) / per_second.max(1)),
            next: Mutex::new(Instant::now()),
        }
    }

    pub async fn turn(&self) {
        let Some(gap) = self.gap else { return };
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(Instant::now());
            *next = turn + gap;
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_come_at_their_distance_and_are_not_made_up_for() {
        let pace = Pace::of(Some(1_000));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let begun = Instant::now();
        for _ in 0..21 {
            pace.turn().await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(20));
    }
}
