//! What a tool backend does with an account: charges, holds, captures, refunds, looks.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::time::sleep;

use super::Worker;
use crate::journal::{Asked, HoldShown, Overage, Told, User};

const DAY_SECS: i64 = 24 * 3600;
/// What the poor one gets now and then.
const ALMS_MICROS: i64 = 50_000;

impl Worker {
    pub(super) async fn story(&mut self) {
        let user = self.anybody();
        let most = if Arc::ptr_eq(&user, &self.load.cast.poor) {
            100_000
        } else {
            1_000
        };
        let amount = self.random.random_range(1..=most);
        match self.random.random_range(0..100) {
            0..40 => self.charge_and_refund(&user, amount).await,
            40..80 => self.hold_and_end(&user, amount).await,
            80..97 => self.look(&user, amount).await,
            _ => {
                let asked = Asked::Grant {
                    key: self.load.key(),
                    amount_micros: ALMS_MICROS,
                };
                let poor = self.load.cast.poor.clone();
                self.ask(&poor, asked).await;
            }
        }
        // Whoever was answered looks at once, at another core: what he sees is not older.
        if self.chance(100) {
            self.look(&user, amount).await;
        }
    }

    async fn look(&mut self, user: &User, amount_micros: i64) {
        let asked = if self.chance(500) {
            Asked::Balance
        } else {
            Asked::Check { amount_micros }
        };
        self.ask(user, asked).await;
    }

    fn overage(&mut self) -> Overage {
        match self.random.random_range(0..100) {
            0..70 => Overage::Reject,
            70..85 => Overage::UpToAvailable,
            _ => Overage::AllowDebt,
        }
    }

    async fn charge_and_refund(&mut self, user: &User, amount_micros: i64) {
        let key = self.load.key();
        let asked = Asked::Charge {
            key: key.clone(),
            amount_micros,
            overage: self.overage(),
        };
        let Some(Told::Moved {
            entry_id,
            moved_micros: moved,
            ..
        }) = self.ask(user, asked).await
        else {
            return;
        };
        if moved == amount_micros {
            self.seen.charge(user, &key, &entry_id, moved);
        }
        match self.random.random_range(0..10) {
            0 => {
                let part = self.random.random_range(1..=moved.max(1));
                self.refund(user, &entry_id, Some(part)).await;
                // Nothing, where the part was the whole.
                self.refund(user, &entry_id, None).await;
            }
            // One of them is too much.
            1 => {
                let (one, other) = (
                    self.refund_of(&entry_id, Some(moved)),
                    self.refund_of(&entry_id, Some(moved)),
                );
                self.race(user, one, other).await;
            }
            _ => {}
        }
    }

    fn refund_of(&self, charge: &str, amount_micros: Option<i64>) -> Asked {
        Asked::Refund {
            key: self.load.key(),
            charge: charge.to_owned(),
            amount_micros,
        }
    }

    async fn refund(&mut self, user: &User, charge: &str, amount_micros: Option<i64>) {
        let asked = self.refund_of(charge, amount_micros);
        self.ask(user, asked).await;
    }

    async fn hold_and_end(&mut self, user: &User, amount_micros: i64) {
        let short = self.chance(150);
        let key = self.load.key();
        let asked = Asked::Place {
            key: key.clone(),
            amount_micros,
            ttl_secs: if short { 1 } else { DAY_SECS },
        };
        let Some(Told::Held { hold, .. }) = self.ask(user, asked).await else {
            return;
        };
        self.seen.hold(user, &hold.hold_id);
        if self.chance(80) {
            let asked = Asked::Extend {
                hold_id: hold.hold_id.clone(),
                ttl_secs: 2,
            };
            self.ask(user, asked).await;
        }
        // Around the moment at which it expires, where that is soon.
        if short && self.chance(400) {
            let wait = self.random.random_range(900..1_050);
            sleep(Duration::from_millis(wait)).await;
        }
        self.end(user, &key, &hold).await;
    }

    async fn end(&mut self, user: &User, key: &str, hold: &HoldShown) {
        let amount = hold.amount_micros;
        // Below the hold, all of it, and above it.
        let spent = self.random.random_range(1..=amount + amount / 5 + 1);
        let overage = match self.random.random_range(0..3) {
            0 => Overage::Reject,
            1 => Overage::UpToAvailable,
            _ => Overage::AllowDebt,
        };
        let capture = |amount_micros| Asked::Capture {
            hold_id: hold.hold_id.clone(),
            placed_by: key.to_owned(),
            amount_micros,
            overage,
        };
        let release = || Asked::Release {
            hold_id: hold.hold_id.clone(),
        };
        match self.random.random_range(0..100) {
            0..50 => match self.ask(user, capture(spent)).await {
                Some(Told::Moved {
                    entry_id,
                    moved_micros,
                    ..
                }) if self.chance(100) => self.refund(user, &entry_id, Some(moved_micros)).await,
                // The hold stays.
                Some(Told::Refused(_)) => drop(self.ask(user, release()).await),
                _ => {}
            },
            50..58 => drop(self.ask(user, capture(0)).await),
            58..76 => drop(self.ask(user, release()).await),
            // Only one can be.
            76..86 => self.race(user, capture(spent), release()).await,
            86..92 => self.race(user, capture(spent), capture(spent + 1)).await,
            // Left as it is.
            _ => {}
        }
    }
}
