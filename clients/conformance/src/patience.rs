//! How long a condition is awaited before what was found instead counts.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const LONGEST: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

pub struct Patience {
    longest: Duration,
    until: Instant,
}

impl Patience {
    pub fn new() -> Self {
        Self::of(LONGEST)
    }

    pub fn of(longest: Duration) -> Self {
        Self {
            longest,
            until: Instant::now() + longest,
        }
    }

    /// Waits until it is time to look again, or fails with what was found last.
    pub async fn or(&self, found: anyhow::Error) -> anyhow::Result<()> {
        if Instant::now() > self.until {
            return Err(found.context(format!("not within {:?}", self.longest)));
        }
        sleep(BETWEEN_LOOKS).await;
        Ok(())
    }
}
