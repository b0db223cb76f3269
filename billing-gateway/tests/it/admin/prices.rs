//! The price list.

use reqwest::Method;
use serde_json::json;

use billing_proto::v1::{Price, SetPriceRequest, UnitPrice};
use jiff::{SignedDuration, Timestamp};

use crate::gateway::{TENANT, problem};
use crate::payments::Stripe;
use crate::stage::{Stage, good};

/// A price that begins in so many seconds.
async fn set(stage: &Stage<Stripe>, tool: &str, per_call_micros: i64, secs: i64) {
    let begins = Timestamp::now() + SignedDuration::from_secs(secs);
    let request = SetPriceRequest {
        tenant_id: TENANT.to_owned(),
        tool: tool.to_owned(),
        per_call_micros,
        unit_prices: vec![UnitPrice {
            unit: "tokens".to_owned(),
            amount_micros: 150_000,
            per_units: 1_000_000,
        }],
        effective_at: Some(prost_types::Timestamp {
            seconds: begins.as_second(),
            nanos: 0,
        }),
        ..SetPriceRequest::default()
    };
    stage.core.prices().set_price(request).await.unwrap();
}

#[tokio::test]
async fn a_price_is_the_base_and_its_markup_and_units_stay() {
    let stage = Stage::<Stripe>::start().await;
    let body = json!({"base_cost_usd": 0.0333, "markup_percent": 12.5, "is_active": true});
    let answer = good(stage.put("tool-pricing/search", &body)).await;
    let tool = &answer["tool"];
    assert_eq!(tool["base_cost_usd"].to_string(), "0.037463", "{answer}");
    assert_eq!(
        (&tool["tool"], &tool["version"]),
        (&json!("search"), &json!(1))
    );
    // It begins in some seconds.
    assert_eq!(tool["is_active"], false);
    assert_eq!(tool["planned"].as_array().unwrap().len(), 1);
    let again = good(stage.put("tool-pricing/search", &body)).await;
    assert_eq!(again["tool"]["version"], 1, "{again}");

    // One with units, which will hold before anything new can.
    set(&stage, "deep", 10_000, 0).await;
    let body = json!({"base_cost_usd": 0.02, "reason": "it became dearer"});
    let answer = good(stage.put("tool-pricing/deep", &body)).await;
    let newest = answer["tool"]["planned"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(newest["per_call_usd"].to_string(), "0.02", "{answer}");
    assert_eq!(answer["tool"]["units"][0]["unit"], "tokens");
    let listed = stage.read("tool-pricing").await;
    let names: Vec<_> = (0..2).map(|at| &listed["tools"][at]["tool"]).collect();
    assert_eq!(names, ["deep", "search"], "{listed}");
    let changes = stage.read("audit").await;
    let newest = &changes["changes"][0];
    assert_eq!(newest["action"], "price_set", "{changes}");
    let who = (&newest["actor"], &newest["reason"], &newest["user_id"]);
    assert_eq!(
        who,
        (&json!("root"), &json!("it became dearer"), &json!(null))
    );
}

#[tokio::test]
async fn what_is_planned_is_cancelled_and_what_is_no_price_is_named() {
    let stage = Stage::<Stripe>::start().await;
    set(&stage, "later", 10_000, 3600).await;
    let off = json!({"is_active": false, "reason": "too early"});
    let answer = good(stage.put("tool-pricing/later", &off)).await;
    assert_eq!(answer["tool"], json!(null), "{answer}");
    assert_eq!(stage.read("tool-pricing").await["tools"], json!([]));
    let gone = problem(stage.put("tool-pricing/later", &off)).await;
    assert_eq!(gone["code"], "NOT_FOUND");
    let changes = stage.read("audit").await;
    let newest = &changes["changes"][0];
    let told = (&newest["action"], &newest["reason"]);
    assert_eq!(
        told,
        (&json!("price_cancel"), &json!("too early")),
        "{changes}"
    );
    for (body, field) in [
        (r"{}", "base_cost_usd"),
        (r#"{"base_cost_usd": null}"#, "base_cost_usd"),
        (r#"{"base_cost_usd": -1}"#, "base_cost_usd"),
        (r#"{"base_cost_usd": 1e400}"#, "base_cost_usd"),
        (r#"{"base_cost_usd": 0.0000001}"#, "base_cost_usd"),
        (
            r#"{"base_cost_usd": 1000000000, "markup_percent": 1}"#,
            "base_cost_usd",
        ),
        (
            r#"{"base_cost_usd": 1, "markup_percent": "5"}"#,
            "markup_percent",
        ),
        (r#"{"base_cost_usd": 1, "is_active": 1}"#, "is_active"),
        (r#"{"base_cost_usd": 1, "reason": 7}"#, "reason"),
    ] {
        let request = stage.admin(Method::PUT, "tool-pricing/search").body(body);
        let refused = problem(request.header("content-type", "application/json")).await;
        assert_eq!(refused["errors"][0]["field"], field, "{body}: {refused}");
    }
    assert_eq!(stage.read("tool-pricing").await["tools"], json!([]));
}

#[tokio::test]
async fn a_price_that_was_set_by_mistake_gives_way_to_the_one_before() {
    let stage = Stage::<Stripe>::start().await;
    let held = Price {
        tenant_id: TENANT.to_owned(),
        tool: "search".to_owned(),
        version: 1,
        per_call_micros: 50_000,
        ..Price::default()
    };
    stage.database.price(&held).await;
    let mistaken = json!({"base_cost_usd": 50});
    good(stage.put("tool-pricing/search", &mistaken)).await;
    let off = json!({"is_active": false, "reason": "a slip"});
    for _ in 0..2 {
        let answer = good(stage.put("tool-pricing/search", &off)).await;
        let tool = &answer["tool"];
        assert_eq!(tool["base_cost_usd"].to_string(), "0.05", "{answer}");
        let planned = tool["planned"].as_array().unwrap();
        let planned: Vec<_> = planned
            .iter()
            .map(|price| {
                (
                    price["version"].to_string(),
                    price["per_call_usd"].to_string(),
                )
            })
            .collect();
        let both = [("2", "50"), ("3", "0.05")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(planned, both, "{answer}");
    }
    let changes = stage.read("audit").await;
    let newest = &changes["changes"][0];
    let told = (&newest["action"], &newest["reason"], &newest["actor"]);
    let expected = (&json!("price_set"), &json!("a slip"), &json!("root"));
    assert_eq!(told, expected, "{changes}");
    assert_eq!(newest["after"]["per_call_usd"], "0.05");
    // The first price of a tool has none before it, and is told what to do.
    good(stage.put("tool-pricing/new", &mistaken)).await;
    let refused = problem(stage.put("tool-pricing/new", &off)).await;
    assert_eq!(refused["code"], "PRICE_HOLDS", "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("set the price that is to hold"),
        "{message}"
    );
}
