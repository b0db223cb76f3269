//! Work for the cores: charges, holds and refunds of a few accounts, and what came of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use billing_proto::v1::cost::Cost as CostKind;
use billing_proto::v1::{
    CaptureHoldRequest, ChargeRequest, Cost, Decision, OveragePolicy, PlaceHoldRequest,
    RefundChargeRequest, ReleaseHoldRequest,
};
use prost_types::Duration as ProtoDuration;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;

use crate::callers::{Callers, Client, Settled, account};
use crate::checker::POOR;
use crate::journal::{Asked, Journal, Operation, Told};

/// Half of the work falls on this one.
pub const HOT: &str = "hot";
pub const OTHERS: [&str; 6] = ["ann", "bea", "cyd", "dee", "eve", "fay"];

const DAY_SECS: i64 = 24 * 3600;

/// Workers that go on until they are told to stop.
pub struct Load {
    callers: Callers,
    pub journal: Journal,
    keys: AtomicUsize,
    stopping: AtomicBool,
}

impl Load {
    pub fn new(callers: Callers) -> Arc<Self> {
        Arc::new(Self {
            callers,
            journal: Journal::default(),
            keys: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        })
    }

    pub fn start(self: &Arc<Self>, workers: u64, seed: u64) -> JoinSet<()> {
        (0..workers)
            .map(|worker| {
                let random = StdRng::seed_from_u64(seed.wrapping_add(worker));
                Arc::clone(self).work(random)
            })
            .collect()
    }

    /// Every worker finishes what it is at, and ends.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    async fn work(self: Arc<Self>, mut random: StdRng) {
        while !self.stopping.load(Ordering::Relaxed) {
            let (user, most) = match random.random_range(0..100) {
                0..50 => (HOT, 1_000),
                50..60 => (POOR, 20_000),
                _ => (*OTHERS.choose(&mut random).unwrap_or(&HOT), 1_000),
            };
            let amount = random.random_range(1..=most);
            if random.random_bool(0.5) {
                self.charge_and_refund(user, amount, &mut random).await;
            } else {
                self.hold_and_end(user, amount, &mut random).await;
            }
        }
    }

    async fn charge_and_refund(&self, user: &'static str, amount: i64, random: &mut StdRng) {
        let Told::Entry { entry_id, .. } = self.charge(user, self.key(), amount).await else {
            return;
        };
        match random.random_range(0..10) {
            0 => {
                let part = random.random_range(1..=amount);
                self.refund(user, &entry_id, Some(part)).await;
                // Nothing, where the part was the whole.
                self.refund(user, &entry_id, None).await;
            }
            // One of them is too much.
            1 => {
                let whole = || self.refund(user, &entry_id, Some(amount));
                tokio::join!(whole(), whole());
            }
            _ => {}
        }
    }

    async fn hold_and_end(&self, user: &'static str, amount: i64, random: &mut StdRng) {
        let ttl_secs = if random.random_bool(0.1) { 1 } else { DAY_SECS };
        let key = self.key();
        let Told::Held { hold_id, .. } = self.place(user, &key, amount, ttl_secs).await else {
            return;
        };
        // Below the hold, all of it, and above it.
        let spent = random.random_range(1..=amount + amount / 5 + 1);
        match random.random_range(0..100) {
            0..55 => {
                let told = self.capture(user, &key, &hold_id, spent).await;
                if let (Told::Entry { entry_id, .. }, true) = (told, random.random_bool(0.1)) {
                    self.refund(user, &entry_id, Some(spent)).await;
                }
            }
            55..65 => drop(self.capture(user, &key, &hold_id, 0).await),
            65..85 => drop(self.release(user, &hold_id).await),
            // Only one can be.
            85..95 => {
                let capture = self.capture(user, &key, &hold_id, spent);
                tokio::join!(capture, self.release(user, &hold_id));
            }
            // Left as it is.
            _ => {}
        }
    }

    fn key(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Keeps the account of an operation, and answers with its end.
    fn keep<T>(
        &self,
        user: &'static str,
        asked: Asked,
        settled: Settled<T>,
        tell: impl FnOnce(T) -> Told,
    ) -> Told {
        let told = settled.answer.map_or_else(|refused| refused, tell);
        self.journal.record(Operation {
            user,
            asked,
            told: told.clone(),
            doubtful: settled.doubtful,
        });
        told
    }

    async fn charge(&self, user: &'static str, key: String, amount_micros: i64) -> Told {
        let request = charge_request(user, &key, amount_micros);
        let settled = self.settle(|mut client| {
            let request = request.clone();
            async move { client.charge(request).await }
        });
        let asked = Asked::Charge { key, amount_micros };
        self.keep(user, asked, settled.await, |answer| {
            told_by_charge(answer.decision(), answer)
        })
    }

    async fn place(&self, user: &'static str, key: &str, amount: i64, ttl_secs: i64) -> Told {
        let request = PlaceHoldRequest {
            account: Some(account(user)),
            idempotency_key: key.to_owned(),
            cost: Some(cost(amount)),
            ttl: Some(ProtoDuration {
                seconds: ttl_secs,
                nanos: 0,
            }),
            request_id: key.to_owned(),
            dry_run: false,
        };
        let settled = self.settle(|mut client| {
            let request = request.clone();
            async move { client.place_hold(request).await }
        });
        let asked = Asked::Place {
            key: key.to_owned(),
            amount_micros: amount,
            ttl_secs,
        };
        self.keep(user, asked, settled.await, |answer| {
            let decision = answer.decision();
            match (decision, answer.hold) {
                (Decision::Allowed, Some(hold)) => Told::Held {
                    hold_id: hold.hold_id,
                    replayed: answer.replayed,
                },
                (Decision::InsufficientBalance, None) => Told::Denied,
                answer => Told::Astray(format!("{answer:?}")),
            }
        })
    }

    async fn capture(&self, user: &'static str, key: &str, hold_id: &str, amount: i64) -> Told {
        let request = CaptureHoldRequest {
            account: Some(account(user)),
            hold_id: hold_id.to_owned(),
            cost: Some(cost(amount)),
            ..CaptureHoldRequest::default()
        };
        let settled = self.settle(|mut client| {
            let request = request.clone();
            async move { client.capture_hold(request).await }
        });
        let asked = Asked::Capture {
            hold_id: hold_id.to_owned(),
            placed_by: key.to_owned(),
            amount_micros: amount,
        };
        self.keep(user, asked, settled.await, |answer| {
            if answer.entry_id.is_empty() {
                return Told::Freed;
            }
            Told::Entry {
                entry_id: answer.entry_id,
                moved_micros: answer.charged_micros,
                // The contract does not tell for captures.
                replayed: false,
            }
        })
    }

    async fn release(&self, user: &'static str, hold_id: &str) -> Told {
        let request = ReleaseHoldRequest {
            account: Some(account(user)),
            hold_id: hold_id.to_owned(),
        };
        let settled = self.settle(|mut client| {
            let request = request.clone();
            async move { client.release_hold(request).await }
        });
        let asked = Asked::Release {
            hold_id: hold_id.to_owned(),
        };
        self.keep(user, asked, settled.await, |_| Told::Freed)
    }

    async fn refund(&self, user: &'static str, charge: &str, amount_micros: Option<i64>) -> Told {
        let key = self.key();
        let request = RefundChargeRequest {
            account: Some(account(user)),
            idempotency_key: key.clone(),
            entry_id: charge.to_owned(),
            amount_micros,
            reason: String::new(),
        };
        let settled = self.settle(|mut client| {
            let request = request.clone();
            async move { client.refund_charge(request).await }
        });
        let asked = Asked::Refund {
            key,
            charge: charge.to_owned(),
            amount_micros,
        };
        self.keep(user, asked, settled.await, |answer| Told::Entry {
            entry_id: answer.entry_id,
            moved_micros: answer.refunded_micros,
            replayed: answer.replayed,
        })
    }

    /// Each operation begins at another core.
    async fn settle<T, F>(&self, call: impl Fn(Client) -> F) -> Settled<T>
    where
        F: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    {
        let turn = self.keys.load(Ordering::Relaxed);
        self.callers.settle(turn, call).await
    }

    /// Asks once more for every so many-th charge that was acknowledged, now at one core and now at
    /// the other: the answer must be the one that was given. Answers with how many were asked for,
    /// and with what was found.
    pub async fn repeat_charges(&self, every: usize) -> (usize, Vec<String>) {
        let mut repeated = 0;
        let mut findings = Vec::new();
        let operations = self.journal.operations();
        let charges =
            operations
                .iter()
                .filter_map(|operation| match (&operation.asked, &operation.told) {
                    (
                        Asked::Charge { key, .. },
                        Told::Entry {
                            entry_id,
                            moved_micros,
                            ..
                        },
                    ) => Some((operation.user, key, entry_id, *moved_micros)),
                    _ => None,
                });
        for (user, key, entry_id, moved) in charges.step_by(every) {
            repeated += 1;
            let request = charge_request(user, key, moved);
            let call = |mut client: Client| {
                let request = request.clone();
                async move { client.charge(request).await }
            };
            let again = self.callers.settle(repeated, call).await.answer;
            let same = again.as_ref().is_ok_and(|again| {
                again.replayed && again.entry_id == *entry_id && again.charged_micros == moved
            });
            if !same {
                findings.push(format!(
                    "{key} was charged by {entry_id}, and then: {again:?}"
                ));
            }
        }
        (repeated, findings)
    }
}

pub fn charge_request(user: &str, key: &str, amount_micros: i64) -> ChargeRequest {
    ChargeRequest {
        account: Some(account(user)),
        idempotency_key: key.to_owned(),
        cost: Some(cost(amount_micros)),
        overage_policy: OveragePolicy::Reject.into(),
        request_id: key.to_owned(),
        ..ChargeRequest::default()
    }
}

fn told_by_charge(decision: Decision, answer: billing_proto::v1::ChargeResponse) -> Told {
    match decision {
        Decision::Allowed => Told::Entry {
            entry_id: answer.entry_id,
            moved_micros: answer.charged_micros,
            replayed: answer.replayed,
        },
        Decision::InsufficientBalance => Told::Denied,
        _ => Told::Astray(format!("{answer:?}")),
    }
}

pub fn cost(amount_micros: i64) -> Cost {
    Cost {
        cost: Some(CostKind::AmountMicros(amount_micros)),
    }
}
