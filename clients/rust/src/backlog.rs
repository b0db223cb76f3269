//! Ends that were not delivered: kept, and sent again until the core answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::billing::Inner;
use crate::end::{Charged, End, How, Outcome};
use crate::open::OpenCost;
use crate::retry::{Pauses, varied};

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

    /// Makes room for an end, if need be for the price of a release: a hold expires by itself.
    fn make_room(&self, for_release: bool, max: usize) -> Room {
        let mut kept = self.kept();
        if kept.len() < max {
            return Room::Free;
        }
        let release = kept.iter().find(|(_, kept)| kept.end.is_release());
        match release.map(|(number, _)| *number) {
            Some(number) if !for_release => kept.remove(&number).map_or(Room::Free, Room::Instead),
            _ => Room::None,
        }
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

impl Inner {
    /// Delivers the end of a call, or keeps it for later.
    pub(crate) async fn finish(self: &Arc<Self>, ending: Ending) {
        let pauses = Pauses::within(self.settings.ending_deadline);
        let outcome = self.deliver(&ending.end, pauses).await;
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
        match self
            .backlog
            .make_room(ending.end.is_release(), self.settings.backlog_max)
        {
            Room::Free => {}
            Room::Instead(kept) => {
                kept.task.abort();
                self.lose(&kept.end, "the backlog is full");
                self.forget_stored(kept.end);
            }
            Room::None => {
                self.lose(&ending.end, "the backlog is full");
                return;
            }
        }
        let Ending { end, open } = ending;
        let end = Arc::new(end);
        let number = self.backlog.numbers.fetch_add(1, Ordering::Relaxed);
        // Held while the task is spawned, so that it cannot be done before it is listed.
        let mut kept = self.backlog.kept();
        let resending = Arc::clone(self).resend(number, Arc::clone(&end), open);
        let task = self.runtime.spawn(resending).abort_handle();
        kept.insert(number, Kept { end, task });
    }

    async fn resend(self: Arc<Self>, number: u64, end: Arc<End>, open: Option<OpenCost>) {
        if let Some(store) = &self.settings.store
            && let Err(error) = store.save(&end).await
        {
            tracing::error!(%error, tool = end.tool, "the end of a call is kept in memory only");
        }
        let mut pause = FIRST_PAUSE;
        loop {
            // Listens before it looks, so that no hurry is missed.
            let hurried = self.backlog.hurry.notified();
            if self.under_way.is_closed() {
                pause = FIRST_PAUSE;
            }
            let _ = tokio::time::timeout(varied(pause), hurried).await;
            pause = LONGEST_PAUSE.min(pause * 2);
            let pauses = Pauses::within(self.settings.ending_deadline);
            match self.deliver(&end, pauses).await {
                Outcome::Undelivered(_) => {}
                Outcome::Done(_charged) => break,
                Outcome::Refused(why) => {
                    self.lose(&end, &why);
                    break;
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
            let open = match &end.how {
                How::Charge { open_micros, .. } => Some(self.open.recall(*open_micros)),
                How::Capture { .. } | How::Release { .. } => None,
            };
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

    fn forget_stored(self: &Arc<Self>, end: Arc<End>) {
        if self.settings.store.is_some() {
            let inner = Arc::clone(self);
            self.runtime
                .spawn(async move { inner.remove_stored(&end).await });
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
