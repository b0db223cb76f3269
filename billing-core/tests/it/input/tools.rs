//! Uses of tools, and their prices.

use billing_proto::v1;

use super::{Refusing, TOO_MUCH, bad_optional_texts, bad_texts, bad_times};
use crate::support::{tool, tool_usage};

#[tokio::test]
async fn a_use_of_a_tool_that_cannot_be_one_is_refused() {
    let core = Refusing::start().await;
    for name in bad_texts(128) {
        core.check_balance("cost.tool.name", |r| r.cost = tool(&name, &[]))
            .await;
        core.capture_hold("cost.tool.name", |r| r.cost = tool(&name, &[]))
            .await;
        core.estimate_cost("tool.name", |r| r.tool = Some(tool_usage(&name, &[])))
            .await;
        core.set_price("tool", |r| r.tool = name.clone()).await;
    }
    let quantities = "cost.tool.quantities";
    for unit in bad_texts(64) {
        core.check_balance(quantities, |r| r.cost = tool("t", &[(&unit, 1)]))
            .await;
    }
    for quantity in [-1, i64::MIN] {
        core.charge(quantities, |r| r.cost = tool("t", &[("u", quantity)]))
            .await;
    }
    let names: Vec<String> = (0..17).map(|n| n.to_string()).collect();
    let units: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    core.place_hold(quantities, |r| r.cost = tool("t", &units))
        .await;
    core.estimate_cost("tool", |r| r.tool = None).await;
    core.serves_on().await;
}

fn unit(unit: &str, amount_micros: i64, per_units: i64) -> v1::UnitPrice {
    v1::UnitPrice {
        unit: unit.to_owned(),
        amount_micros,
        per_units,
    }
}

#[tokio::test]
async fn a_unit_that_cannot_be_one_is_refused_in_a_price() {
    let core = Refusing::start().await;
    for micros in [-1].into_iter().chain(TOO_MUCH) {
        core.set_price("unit_prices.amount_micros", |r| {
            r.unit_prices = vec![unit("u", micros, 1)];
        })
        .await;
    }
    for per_units in [0, -1, 1_000_000_000_001, i64::MAX, i64::MIN] {
        core.set_price("unit_prices.per_units", |r| {
            r.unit_prices = vec![unit("u", 1, per_units)];
        })
        .await;
    }
    // Their least common multiple is beyond 10^12.
    core.set_price("unit_prices.per_units", |r| {
        r.unit_prices = vec![unit("a", 1, 999_999_999_989), unit("b", 1, 7)];
    })
    .await;
    for text in bad_texts(64) {
        core.set_price("unit_prices.unit", |r| {
            r.unit_prices = vec![unit(&text, 1, 1)];
        })
        .await;
    }
    core.set_price("unit_prices.unit", |r| {
        r.unit_prices = vec![unit("u", 1, 1), unit("u", 2, 1)];
    })
    .await;
    core.set_price("unit_prices", |r| {
        r.unit_prices = (0..17).map(|n| unit(&n.to_string(), 1, 1)).collect();
    })
    .await;
    core.serves_on().await;
}

#[tokio::test]
async fn a_price_that_cannot_be_one_is_refused() {
    let core = Refusing::start().await;
    for micros in [-1].into_iter().chain(TOO_MUCH) {
        core.set_price("per_call_micros", |r| r.per_call_micros = micros)
            .await;
    }
    for calls in [-1, 1_000_001, i64::MAX] {
        core.set_price("free_calls_per_day", |r| r.free_calls_per_day = calls)
            .await;
    }
    for at in bad_times() {
        core.set_price("effective_at", |r| r.effective_at = at)
            .await;
    }
    for tool in bad_optional_texts(128) {
        core.list_prices("tool", |r| r.tool = tool.clone()).await;
    }
    core.serves_on().await;
}
