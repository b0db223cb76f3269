//! The backlog before a core that is away, which needs no core.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::Ending;
use crate::{Billing, Cost, End, How, Settings, Store, Stored};

/// Keeps ends as a backend would on a disk.
#[derive(Clone, Default)]
struct Memory(Arc<Disk>);

#[derive(Default)]
struct Disk {
    ends: Mutex<BTreeMap<String, End>>,
    changed: Notify,
}

impl Memory {
    fn of(ends: impl IntoIterator<Item = End>) -> Self {
        let memory = Self::default();
        for end in ends {
            memory.0.ends.lock().unwrap().insert(end.id(), end);
        }
        memory
    }

    fn ids(&self) -> Vec<String> {
        self.0.ends.lock().unwrap().keys().cloned().collect()
    }

    /// Looks whenever something was saved or removed.
    async fn until(&self, reached: impl Fn() -> bool) {
        loop {
            let changed = self.0.changed.notified();
            if reached() {
                return;
            }
            changed.await;
        }
    }
}

impl Store for Memory {
    fn save<'a>(&'a self, end: &'a End) -> Stored<'a, ()> {
        Box::pin(async move {
            self.0.ends.lock().unwrap().insert(end.id(), end.clone());
            self.0.changed.notify_waiters();
            Ok(())
        })
    }

    fn remove<'a>(&'a self, id: &'a str) -> Stored<'a, ()> {
        Box::pin(async move {
            self.0.ends.lock().unwrap().remove(id);
            self.0.changed.notify_waiters();
            Ok(())
        })
    }

    fn load(&self) -> Stored<'_, Vec<End>> {
        let ends: Vec<End> = self.0.ends.lock().unwrap().values().cloned().collect();
        Box::pin(async move { Ok(ends) })
    }
}

fn settings() -> Settings {
    // Nothing listens there.
    Settings::new("http://127.0.0.1:1", "token", "tenant")
        .unwrap()
        .ending_deadline(Duration::from_millis(300))
}

fn end(key: &str, how: How) -> End {
    End {
        tenant: "tenant".to_owned(),
        user: "user-1".to_owned(),
        tool: "search".to_owned(),
        key: key.to_owned(),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        how,
    }
}

fn capture(hold_id: &str) -> End {
    let how = How::Capture {
        hold_id: hold_id.to_owned(),
        cost: Cost::per_call(),
    };
    end("k", how)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ends_that_come_at_once_take_no_more_room_than_there_is() {
    let billing = Billing::new(settings().backlog_max(8)).unwrap();
    let mut keeping = JoinSet::new();
    for number in 0..64 {
        let inner = Arc::clone(&billing.inner);
        keeping.spawn(async move {
            let end = capture(&format!("h{number}"));
            inner.keep(Ending { end, open: None });
        });
    }
    while let Some(kept) = keeping.join_next().await {
        kept.unwrap();
    }
    assert_eq!(billing.backlog(), 8);
}

#[tokio::test]
async fn an_end_that_finds_no_room_is_lost_and_no_longer_stored() {
    let memory = Memory::of([capture("h1"), capture("h2")]);
    let lost = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&lost);
    let settings = settings()
        .backlog_max(1)
        .store(memory.clone())
        .on_lost(move |end, why| told.lock().unwrap().push((end.id(), why.to_owned())));
    let billing = Billing::new(settings).unwrap();
    memory.until(|| memory.ids() == ["h1"]).await;
    assert_eq!(billing.backlog(), 1);
    let expected = [("h2".to_owned(), "the backlog is full".to_owned())];
    assert_eq!(*lost.lock().unwrap(), expected);
}

#[tokio::test]
async fn an_open_call_of_an_earlier_life_counts_until_it_is_billed() {
    let how = How::Open {
        estimate: Cost::AmountMicros(600_000),
        hold_ttl: Duration::from_mins(1),
        cost: Cost::AmountMicros(600_000),
        open_micros: 600_000,
    };
    let memory = Memory::of([end("k", how)]);
    let settings = settings()
        .allow_up_to_micros(1_000_000)
        .store(memory.clone());
    let billing = Billing::new(settings).unwrap();
    memory.until(|| billing.backlog() == 1).await;
    let pass = |micros| {
        let amount = Cost::AmountMicros(micros);
        billing.inner.open.pass("search", &amount)
    };
    assert!(pass(400_001).is_none());
    assert!(pass(400_000).is_some());
    assert_eq!(memory.ids(), ["user-1:k"]);
}
