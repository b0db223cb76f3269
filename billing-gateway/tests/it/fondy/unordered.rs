//! Callbacks of one order, doubled and in any order: always the same balance in the end.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::said::{said, signed};
use super::stage::{Stage, good};

/// Cases of one database and one sandbox, an order each.
const CASES: u32 = 24;

/// What happens to an order once it is paid: how much goes back, in steps of a percent.
fn reversals() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(1..40u32, 0..4)
}

/// Which callbacks come, by number; each comes once at least.
fn deliveries() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..8)
}

/// Every callback that Fondy sends while it goes on, oldest first.
fn callbacks(id: &str, given_back: &[i64]) -> Vec<Value> {
    let paid = ["processing", "declined", "approved"].map(|status| said(id, status, 0));
    let reversed = given_back.iter().map(|&sum| {
        let status = if sum == 100_000 {
            "reversed"
        } else {
            "approved"
        };
        said(id, status, sum)
    });
    paid.into_iter().chain(reversed).map(signed).collect()
}

async fn case(stage: &Stage, user: &str, percents: &[u32], order: &[prop::sample::Index]) {
    let begun = stage.begun(user).await;
    stage.order(&begun.id, "pay").await;
    let mut sums = Vec::new();
    let mut sum = 0;
    for percent in percents {
        let amount = i64::from(*percent) * 1_000;
        if sum + amount > 100_000 {
            break;
        }
        sum += amount;
        sums.push(sum);
        let path = format!("orders/{}/reverse", begun.id);
        stage.control(&path, json!({"amount": amount})).await;
    }
    let all = callbacks(&begun.id, &sums);
    let mut sequence: Vec<usize> = order.iter().map(|index| index.index(all.len())).collect();
    // Those that chance left out come at the end, newest first.
    sequence.extend((0..all.len()).rev());
    for number in sequence {
        good(stage.callback(&all[number])).await;
    }
    // 25 USD for 1000 UAH; what went back is rounded down to the micro, and here it is exact.
    let left_micros = 25_000_000 - sum * 250;
    let expected = billing_gateway::usd::Usd::from_micros(left_micros).to_string();
    assert_eq!(stage.balance(user).await, expected, "{sums:?}");
    let status = stage.status(user, &begun.id).await;
    assert_eq!(status["status"], "succeeded");
    assert_eq!(status["refunded"].to_string(), (sum / 100).to_string());
}

#[test]
fn whatever_the_order_and_however_often_the_balance_is_the_same() {
    let runtime = Runtime::new().unwrap();
    let stage = runtime.block_on(async {
        let stage = Stage::start().await;
        stage.control("mode", json!({"withhold": true})).await;
        stage
    });
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    let users = std::cell::Cell::new(0);
    runner
        .run(&(reversals(), deliveries()), |(percents, order)| {
            users.set(users.get() + 1);
            let user = format!("u{}", users.get());
            runtime.block_on(case(&stage, &user, &percents, &order));
            Ok(())
        })
        .unwrap();
    runtime.block_on(async move { drop(stage) });
}
