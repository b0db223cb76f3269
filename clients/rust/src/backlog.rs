//! Ends that were not delivered: kept, and sent again until the core answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::billing::Inner;
use crate::end::{Charged, End, NotPlaced, Outcome};
use crate::open::OpenCost;
use crate::retry::varied;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// An end that is still to be delivered.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) end: End,
    /// Of a call that passed without a decision: counts until the call is billed.
    pub(crate) open: Option<OpenCost>,
}

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    kept: Mutex<HashMap<u64, Kept>>,
    numbers: AtomicU64,
    /// This backend stops: no pause need be waited for.
    hurry: Notify,
}

#[derive(Debug)]
struct Kept {
    end: Arc<End>,
    task: AbortHandle,
}

impl Backlog {
    pub(crate) fn len(&self) -> usize {
        self.kept().len()
    }

    pub(crate) fn hurry(&self) {
        self.hurry.notify_waiters();
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<u64, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Room {
    Free,
    /// This one had to go.
    Instead(Kept),
    None,
}

/// Makes room for an end, if need be for the price of a release: a hold expires by itself.
fn make_room(kept: &mut HashMap<u64, Kept>, for_release: bool, max: usize) -> Room {
    if kept.len() < max {
        return Room::Free;
    }
    if for_release {
        return Room::None;
    }
    let release = kept.iter().find(|(_, kept)| kept.end.is_release());
    let number = release.map(|(number, _)| *number);
    let gone = number.and_then(|number| kept.remove(&number));
    gone.map_or(Room::None, Room::Instead)
}

impl Inner {
    /// Delivers the end of a call, or keeps it for later.
    pub(crate) async fn finish(self: &Arc<Self>, mut ending: Ending) {
        let outcome = self.deliver(&mut ending.end).await;
        self.settle(ending, outcome);
    }

    /// After an end was sent: it is done with, kept, or lost.
    pub(crate) fn settle(self: &Arc<Self>, ending: Ending, outcome: Outcome) -> Option<Charged> {
        match outcome {
            Outcome::Done(charged) => return charged,
            Outcome::Undelivered(status) => {
                tracing::warn!(
                    tool = ending.end.tool,
                    code = billing_proto::code::name(status.code()),
                    detail = status.message(),
                    "the end of a call was not delivered and is kept"
                );
                self.keep(ending);
            }
            Outcome::Refused(why) => self.lose(&ending.end, &why),
        }
        None
    }

    /// Sends an end again until the core answers.
    pub(crate) fn keep(self: &Arc<Self>, ending: Ending) {
        let Ending { end, open } = ending;
        let end = Arc::new(end);
        // Held until the end is listed, so that ends that come at once take no more room than there is, and
        // none is done before it is listed.
        let mut kept = self.backlog.kept();
        let gone = match make_room(&mut kept, end.is_release(), self.settings.backlog_max) {
            Room::Free => None,
            Room::Instead(gone) => Some(gone),
            Room::None => {
                drop(kept);
                self.lose_for_room(end);
                return;
            }
        };
        let number = self.backlog.numbers.fetch_add(1, Ordering::Relaxed);
        let resending = Arc::clone(self).resend(number, End::clone(&end), open);
        let task = self.runtime.spawn(resending).abort_handle();
        kept.insert(number, Kept { end, task });
        drop(kept);
        if let Some(gone) = gone {
            gone.task.abort();
            self.lose_for_room(gone.end);
        }
    }

    async fn resend(self: Arc<Self>, number: u64, mut end: End, open: Option<OpenCost>) {
        self.save_stored(&end).await;
        let mut pause = FIRST_PAUSE;
        loop {
            // Listens before it looks, so that no hurry is missed.
            let hurried = self.backlog.hurry.notified();
            if self.under_way.is_closed() {
                pause = FIRST_PAUSE;
            }
            let _ = tokio::time::timeout(varied(pause), hurried).await;
            pause = LONGEST_PAUSE.min(pause * 2);
            match self.tell(&end).await {
                Ok(Outcome::Undelivered(_)) => {}
                Ok(Outcome::Done(_charged)) => break,
                Ok(Outcome::Refused(why)) => {
                    self.lose(&end, &why);
                    break;
                }
                Err(NotPlaced) => {
                    // Stored as a charge before it is charged, so that no later life places it again.
                    end.give_up_hold();
                    self.save_stored(&end).await;
                    pause = FIRST_PAUSE;
                }
            }
        }
        drop(open);
        self.remove_stored(&end).await;
        self.backlog.kept().remove(&number);
        self.under_way.changed.notify_waiters();
    }

    /// Takes up what an earlier life of this backend has left.
    pub(crate) async fn take_up(self: Arc<Self>) {
        let Some(store) = &self.settings.store else {
            return;
        };
        let ends = match store.load().await {
            Ok(ends) => ends,
            Err(error) => {
                tracing::error!(%error, "the ends of earlier calls cannot be loaded");
                return;
            }
        };
        for end in ends {
            let open = end.open_micros().map(|micros| self.open.recall(micros));
            self.keep(Ending { end, open });
        }
    }

    fn lose(&self, end: &End, why: &str) {
        tracing::error!(
            tool = end.tool,
            tenant = end.tenant,
            user = end.user,
            key = end.key,
            why,
            "the end of a call is lost"
        );
        if let Some(on_lost) = &self.settings.on_lost {
            on_lost(end, why);
        }
    }

    fn lose_for_room(self: &Arc<Self>, end: Arc<End>) {
        self.lose(&end, "the backlog is full");
        // Whoever was told that it is lost may charge it in another way.
        if self.settings.store.is_some() {
            let inner = Arc::clone(self);
            self.runtime
                .spawn(async move { inner.remove_stored(&end).await });
        }
    }

    async fn save_stored(&self, end: &End) {
        if let Some(store) = &self.settings.store
            && let Err(error) = store.save(end).await
        {
            tracing::error!(%error, tool = end.tool, "the end of a call is kept in memory only");
        }
    }

    async fn remove_stored(&self, end: &End) {
        if let Some(store) = &self.settings.store
            && let Err(error) = store.remove(&end.id()).await
        {
            tracing::error!(%error, tool = end.tool, "an end that is settled stays stored");
        }
    }
}

#[cfg(test)]
mod tests;
