//! Asking how an order stands: those who ask at the same time share an answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::message::Fields;
use crate::providers::ProviderError;

/// Orders that are asked about at the same time.
const IN_FLIGHT: usize = 64;
const TURN_TIMEOUT: Duration = Duration::from_secs(2);

/// Whoever asks gets an answer to a question that was put after he asked, so that it is never older
/// than what he knows. A thousand callbacks of one order are a few questions.
#[derive(Debug)]
pub(super) struct Statuses {
    by_order: StdMutex<HashMap<String, Arc<Slot>>>,
    turns: Semaphore,
}

type Slot = Mutex<Option<Answer>>;

/// The newest answer about an order.
#[derive(Debug)]
struct Answer {
    asked_at: Instant,
    said: Result<Fields, Arc<ProviderError>>,
}

/// One who asks. With the last one the answer is forgotten.
struct Asking<'a> {
    statuses: &'a Statuses,
    order_id: &'a str,
    slot: Arc<Slot>,
}

impl Statuses {
    pub(super) fn new() -> Self {
        Self {
            by_order: StdMutex::default(),
            turns: Semaphore::new(IN_FLIGHT),
        }
    }

    /// What `ask` answers about the order, now or for somebody who asked no earlier.
    pub(super) async fn of(
        &self,
        order_id: &str,
        ask: impl AsyncFnOnce() -> Result<Fields, ProviderError>,
    ) -> Result<Fields, ProviderError> {
        let since = Instant::now();
        let asking = self.begin(order_id);
        let mut newest = asking.slot.lock().await;
        if let Some(answer) = newest.as_ref()
            && answer.asked_at >= since
        {
            return answer.said.clone().map_err(again);
        }
        let turn = tokio::time::timeout(TURN_TIMEOUT, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(ProviderError::Away("too much is being asked".into()));
        };
        let asked_at = Instant::now();
        let said = ask().await.map_err(Arc::new);
        *newest = Some(Answer {
            asked_at,
            said: said.clone(),
        });
        said.map_err(again)
    }

    fn begin<'a>(&'a self, order_id: &'a str) -> Asking<'a> {
        let mut by_order = self.orders();
        let slot = by_order.entry(order_id.to_owned()).or_default();
        Asking {
            statuses: self,
            order_id,
            slot: Arc::clone(slot),
        }
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.by_order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut by_order = self.statuses.orders();
        // The map's and this one: nobody else waits.
        if Arc::strong_count(&self.slot) <= 2 {
            by_order.remove(self.order_id);
        }
    }
}

/// The same error, for another one who asked.
fn again(error: Arc<ProviderError>) -> ProviderError {
    match error.as_ref() {
        ProviderError::Late => ProviderError::Late,
        ProviderError::Begun => ProviderError::Begun,
        ProviderError::CustomerLost => ProviderError::CustomerLost,
        ProviderError::Refused { code, detail } => ProviderError::Refused {
            code: code.clone(),
            detail: detail.clone(),
        },
        ProviderError::Away(_) => ProviderError::Away(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;
    use tokio::task::JoinSet;

    use super::Statuses;
    use crate::providers::ProviderError;
    use crate::providers::fondy::message::Fields;

    fn number(asked: &AtomicU32) -> Fields {
        let number = asked.fetch_add(1, Ordering::SeqCst).to_string();
        Fields::from_iter([("number", number)])
    }

    #[tokio::test]
    async fn a_thousand_who_ask_at_once_share_two_answers_and_none_is_older_than_its_question() {
        let statuses = Arc::new(Statuses::new());
        let (asked, go_on) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let mut all = JoinSet::new();
        let first = (
            Arc::clone(&statuses),
            Arc::clone(&asked),
            Arc::clone(&go_on),
        );
        all.spawn(async move {
            let (statuses, asked, go_on) = first;
            let ask = async || {
                let fields = number(&asked);
                go_on.notified().await;
                Ok(fields)
            };
            statuses.of("o", ask).await
        });
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..999 {
            let (statuses, asked) = (Arc::clone(&statuses), Arc::clone(&asked));
            all.spawn(async move { statuses.of("o", async || Ok(number(&asked))).await });
        }
        // All of them wait by now, since nobody yields for anything else.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        go_on.notify_one();
        let mut answers = Vec::new();
        while let Some(answer) = all.join_next().await {
            answers.push(answer.unwrap().unwrap().text("number").to_owned());
        }
        answers.sort();
        assert_eq!((answers[0].as_str(), answers[1].as_str()), ("0", "1"));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert!(statuses.orders().is_empty());
    }

    #[tokio::test]
    async fn who_comes_later_asks_anew_also_after_an_error() {
        let statuses = Statuses::new();
        let refused = async || {
            Err(ProviderError::Refused {
                code: "1018".to_owned(),
                detail: String::new(),
            })
        };
        let error = statuses.of("o", refused).await.unwrap_err();
        assert_eq!(error.name(), "refused");
        let asked = AtomicU32::new(7);
        let answer = statuses.of("o", async || Ok(number(&asked))).await.unwrap();
        assert_eq!(answer.text("number"), "7");
    }
}
