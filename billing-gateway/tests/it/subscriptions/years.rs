//! Two years of one giver, at random, against a plain model.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use sqlx::types::Json;

use super::life::{DAY, FAILS_LATER, GIVER, Life, MINE, PAYS, SUBSCRIPTION, monthly, text};
use crate::stage::good;

const MONTHS: usize = 24;

/// A month that was paid.
struct Month {
    /// In which calendar month, as 2026-11.
    of: String,
    intent: String,
    cents: i64,
    /// What is left of it.
    left: i64,
}

/// All that can be known at the end.
struct Years {
    life: Life,
    random: StdRng,
    months: Vec<Month>,
    /// What is taken each month.
    cents: i64,
    /// Months that were not paid at first.
    failed: usize,
    /// Subscriptions that have ended.
    ended: usize,
}

/// What is told of a giver: its number, its kind and its payload.
type Notice = (i64, String, Value);

impl Years {
    async fn begun(seed: u64) -> Self {
        let life = Life::set().await;
        // Written from the start, though nobody takes them away.
        life.stage
            .sql("insert into outbox_channel (channel) values ('event')")
            .await;
        life.withhold().await;
        let mut years = Self {
            life,
            random: StdRng::seed_from_u64(seed),
            months: Vec::new(),
            cents: 0,
            failed: 0,
            ended: 0,
        };
        years.subscribes().await;
        years
    }

    /// Begins a subscription of another amount, which is known then.
    async fn subscribes(&mut self) {
        self.cents = 500 * self.random.random_range(1..=20);
        let page = self.life.at_page(&monthly(self.cents)).await;
        self.life.pays(&page).await;
        self.is_paid().await;
        self.is_told().await;
        let seen = self.life.seen(SUBSCRIPTION).await;
        assert_eq!(seen["ulid"], page.ulid.as_str(), "{seen}");
    }

    async fn is_paid(&mut self) {
        let invoice = text(&self.life.subscription().await["latest_invoice"]);
        let invoice = self.life.stripe(&format!("invoices/{invoice}")).await;
        let paid_at = whole(&invoice["status_transitions"]["paid_at"]);
        let paid_at = jiff::Timestamp::from_second(paid_at).unwrap();
        self.months.push(Month {
            of: paid_at.strftime("%Y-%m").to_string(),
            intent: self.life.newest_intent().await,
            cents: self.cents,
            left: self.cents,
        });
    }

    async fn is_told(&mut self) {
        self.life.deliver_shuffled(&mut self.random).await;
    }

    async fn next_month(&mut self) {
        match self.random.random_range(0..10) {
            0 => {
                self.failed += 1;
                self.life.card(FAILS_LATER).await;
                let at = self.life.next_month().await;
                if self.random.random() {
                    self.is_told().await;
                }
                self.life.card(PAYS).await;
                self.life.advance(at + 3 * DAY).await;
                self.is_paid().await;
            }
            1 | 2 => {
                self.refund().await;
                self.passes().await;
            }
            3 => {
                self.life.in_portal("cancel").await;
                self.life.in_portal("resume").await;
                self.passes().await;
            }
            4 => {
                self.is_told().await;
                let at_period_end = self.random.random::<bool>();
                let body = json!({"at_period_end": at_period_end});
                good(self.life.cancel(&body)).await;
                if at_period_end {
                    self.life.advance(self.life.period_end().await).await;
                }
                self.is_told().await;
                assert_eq!(self.life.seen(SUBSCRIPTION).await["status"], "cancelled");
                self.ended += 1;
                self.subscribes().await;
            }
            _ => self.passes().await,
        }
        if self.random.random() {
            self.is_told().await;
        }
    }

    async fn passes(&mut self) {
        self.life.next_month().await;
        self.is_paid().await;
    }

    /// All that is left of some month, or half of it.
    async fn refund(&mut self) {
        let place = self.random.random_range(0..self.months.len());
        let parts = self.random.random_range(1..=2);
        let month = &mut self.months[place];
        let amount = month.left / parts;
        if amount > 0 {
            month.left -= amount;
            let fields = json!({"amount": amount});
            self.life.refunds(&month.intent, fields).await;
        }
    }

    /// What is left of all months.
    fn total(&self) -> i64 {
        self.months.iter().map(|month| month.left).sum()
    }

    /// All that is told of the giver by a channel, in order.
    async fn notices(&self, channel: &str) -> Vec<Notice> {
        let mut owner = self.life.stage.database.connect_as_owner().await;
        let rows: Vec<(i64, String, Json<Value>)> = sqlx::query_as(
            "select seq, kind, payload from outbox_message where channel = $1 order by seq",
        )
        .bind(channel)
        .fetch_all(&mut owner)
        .await
        .unwrap();
        rows.into_iter()
            .map(|(seq, kind, payload)| (seq, kind, payload.0))
            .collect()
    }

    /// Each month is told once, and by the events alone anybody comes to the same total and badge.
    async fn is_told_as_it_was(&self) {
        let events = self.notices("event").await;
        let numbers: Vec<i64> = events.iter().map(|(seq, ..)| *seq).collect();
        let without_gap: Vec<i64> = (1..).take(events.len()).collect();
        assert_eq!(numbers, without_gap);
        let completed = of_kind(&events, "contribution.completed");
        let ids: BTreeSet<String> = completed
            .iter()
            .map(|said| text(&said["contribution_id"]))
            .collect();
        let months = self.months.len();
        assert_eq!((completed.len(), ids.len()), (months, months));
        let moved: i64 = events
            .iter()
            .filter(|(_, kind, _)| kind.starts_with("contribution."))
            .map(|(_, _, said)| whole(&said["moved_minor"]))
            .sum();
        assert_eq!(moved, self.total());
        let badges = of_kind(&events, "badge.updated");
        let mine = self.life.seen(MINE).await;
        let last = |member: &str| {
            badges
                .last()
                .map_or(Value::Null, |said| said[member].clone())
        };
        assert_eq!(last("badge"), mine["badge_level"]);
        assert_eq!(last("public_badge"), mine["badge_level"]);
        let turns = of_kind(&events, "subscription.updated");
        let ends = turns.iter().filter(|said| said["status"] == "cancelled");
        assert_eq!(ends.count(), self.ended);

        let mails = self.notices("mail").await;
        let mails = |kind: &str| of_kind(&mails, kind).len();
        assert_eq!(mails("contribution_received"), months);
        assert_eq!(mails("subscription_ended"), self.ended);
        // A month that was paid before anybody heard of its failure is none that failed.
        assert!(mails("subscription_past_due") <= self.failed);
    }

    async fn is_as_it_was(&self) {
        let mine = self.life.seen(MINE).await;
        let listed = mine["data"].as_array().unwrap();
        let mut seen: Vec<(i64, i64)> = listed
            .iter()
            .map(|one| (whole(&one["amount_cents"]), whole(&one["net_cents"])))
            .collect();
        let mut expected: Vec<(i64, i64)> = self
            .months
            .iter()
            .map(|month| (month.cents, month.left))
            .collect();
        seen.sort_unstable();
        expected.sort_unstable();
        assert_eq!(seen, expected);
        let total = self.total();
        assert_eq!(mine["total_cents"], total);
        let terms = good(self.life.stage.gateway.get("/api/v1/sponsorship")).await;
        let level = ["platinum", "gold", "silver", "bronze"]
            .into_iter()
            .find(|level| whole(&terms["thresholds_cents"][level]) <= total);
        assert_eq!(mine["badge_level"], json!(level));
        let badge = format!("/api/v1/supporters/demo/{GIVER}/badge");
        assert_eq!(self.life.seen(&badge).await["badge_level"], json!(level));
        let progress = good(self.life.stage.gateway.get("/api/v1/progress")).await;
        let of_present = self
            .months
            .iter()
            .filter(|month| progress["month"] == month.of);
        let of_present: i64 = of_present.map(|month| month.left).sum();
        assert_eq!(progress["current_cents"], of_present);
        let seen = self.life.seen(SUBSCRIPTION).await;
        assert_eq!(seen["status"], "active", "{seen}");
        assert_eq!(
            (&seen["amount_cents"], &seen["cancel_at"]),
            (&json!(self.cents), &Value::Null)
        );
        let end = jiff::Timestamp::from_second(self.life.period_end().await).unwrap();
        assert_eq!(seen["current_period_end"], end.to_string());
    }
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn of_kind<'a>(notices: &'a [Notice], kind: &str) -> Vec<&'a Value> {
    let of_kind = notices.iter().filter(|(_, of, _)| of == kind);
    of_kind.map(|(.., payload)| payload).collect()
}

#[tokio::test]
async fn two_years_come_to_what_was_paid_in_sums_badge_subscription_and_all_that_is_told() {
    for seed in [1, 2] {
        println!("seed {seed}");
        let mut years = Years::begun(seed).await;
        for _ in 0..MONTHS {
            years.next_month().await;
        }
        years.is_told().await;
        years.is_as_it_was().await;
        years.is_told_as_it_was().await;
        years.life.all_is_booked().await;
    }
}
