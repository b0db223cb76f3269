//! Whose turn it is to change something by hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout_at};
use tonic::Status;
use uuid::Uuid;

use crate::id::AccountId;
use crate::rpc::Call;
use crate::status::{deadline_exceeded, of_change, overloaded};

/// The `lock_timeout` of the pools' sessions: for so long a statement that was left may still wait.
const LEFT_WAITS: Duration = Duration::from_secs(2);
/// Most changes of one subject that are carried out or wait.
const LINE_MAX: usize = 64;

/// What is changed one change after the other: whoever changes the same waits for the same lock of the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// By its name.
    Switch(&'static str),
    /// A tenant's price of a tool.
    Tool {
        tenant: String,
        tool: String,
    },
    Tenant(String),
    /// How a tenant is supported.
    Sponsorship(String),
    Supporter(AccountId),
    /// By its contribution.
    Message(Uuid),
}

/// What administrators and operators change waits for locks of the database: those of one switch, tool or tenant are
/// changed one after the other. Whoever waited there with a connection would keep it from everybody, and the pool is
/// patient for a second alone. So of those who change the same only the first has a connection, and all of them
/// together have no more than half of the smallest pool. Who waits for a turn waits in order, and until their own
/// deadline. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Turns {
    /// One for each connection that they may have.
    places: Arc<Semaphore>,
    lines: Arc<Lines>,
}

impl Turns {
    /// For changes that have their connections from these pools.
    pub fn of(pools: [&PgPool; 2]) -> Self {
        let [one, other] = pools.map(|pool| pool.options().get_max_connections());
        let half = one.min(other) / 2;
        let places = usize::try_from(half).unwrap_or(1).max(1);
        Self {
            places: Arc::new(Semaphore::new(places)),
            lines: Arc::default(),
        }
    }

    /// Carries a change out when its turn has come.
    pub async fn change<T>(
        &self,
        call: &Call,
        subject: Subject,
        change: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, Status> {
        let changed = self.carry_out(call, subject, Box::pin(change)).await?;
        changed.map_err(|error| of_change(&error))
    }

    /// The same, of what ends in its own way.
    pub async fn carry_out<T>(
        &self,
        call: &Call,
        subject: Subject,
        change: impl Future<Output = T>,
    ) -> Result<T, Status> {
        // Boxed: whoever calls this has a future of several statements in their own.
        let change = Box::pin(change);
        let line = Line::up(&self.lines, subject).ok_or_else(overloaded)?;
        let turn = timeout_at(call.deadline, line.turn(&self.places))
            .await
            .map_err(|_| deadline_exceeded())?;
        let changed = timeout_at(call.deadline, change)
            .await
            .map_err(|_| deadline_exceeded())?;
        turn.end();
        Ok(changed)
    }
}

type Lines = Mutex<HashMap<Subject, Waiting>>;

/// Those who change the same.
#[derive(Debug)]
struct Waiting {
    /// How many they are, with the one whose turn it is.
    count: usize,
    front: Arc<Semaphore>,
}

fn lock(lines: &Lines) -> MutexGuard<'_, HashMap<Subject, Waiting>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A change's place in the line of its subject, from its arrival to its end.
struct Line {
    subject: Subject,
    front: Arc<Semaphore>,
    lines: Arc<Lines>,
}

impl Line {
    /// Behind all who came before; none where they are too many already.
    fn up(lines: &Arc<Lines>, subject: Subject) -> Option<Self> {
        let mut known = lock(lines);
        let waiting = known.entry(subject.clone()).or_insert_with(|| Waiting {
            count: 0,
            front: Arc::new(Semaphore::new(1)),
        });
        if waiting.count >= LINE_MAX {
            return None;
        }
        waiting.count += 1;
        Some(Self {
            subject,
            front: Arc::clone(&waiting.front),
            lines: Arc::clone(lines),
        })
    }

    /// At the front first: so nobody waits there with a place that others could have.
    async fn turn(self, places: &Arc<Semaphore>) -> Turn {
        let front = Arc::clone(&self.front).acquire_owned().await;
        let place = Arc::clone(places).acquire_owned().await;
        // Neither is ever closed.
        let held = place.ok().zip(front.ok());
        Turn(held.map(|(place, front)| (place, front, self)))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut known = lock(&self.lines);
        if let Some(waiting) = known.get_mut(&self.subject) {
            waiting.count = waiting.count.saturating_sub(1);
            if waiting.count == 0 {
                known.remove(&self.subject);
            }
        }
    }
}

/// Where a change is left in its middle, since its caller has gone, its connection waits on for what it waited for.
/// Its turn lasts as long.
struct Turn(Option<(OwnedSemaphorePermit, OwnedSemaphorePermit, Line)>);

impl Turn {
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(held) = self.0.take() {
            tokio::spawn(async move {
                sleep(LEFT_WAITS).await;
                drop(held);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, LINE_MAX, Line, Lines, Subject, lock};

    fn tool(name: &str) -> Subject {
        Subject::Tool {
            tenant: "acme".to_owned(),
            tool: name.to_owned(),
        }
    }

    #[test]
    fn a_line_takes_so_many_and_is_gone_with_the_last_of_them() {
        let lines = Arc::<Lines>::default();
        let line: Vec<Line> = (0..LINE_MAX)
            .filter_map(|_| Line::up(&lines, tool("search")))
            .collect();
        assert_eq!(line.len(), LINE_MAX);
        assert!(Line::up(&lines, tool("search")).is_none());
        assert!(Line::up(&lines, tool("fetch")).is_some());
        drop(line);
        assert!(lock(&lines).is_empty());
    }
}
