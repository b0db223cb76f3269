use http::StatusCode;
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::stage::{Stage, read};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refunds_that_race_never_give_back_more_than_was_paid() {
    let stage = Stage::open().await;
    let id = stage.paid_payment().await;
    let mut asking = JoinSet::new();
    for _ in 0..32 {
        let fields = [("payment_intent", id.as_str()), ("amount", "300")];
        let request = stage.api(Method::POST, "refunds", &fields);
        asking.spawn(async move { read(request.send().await.unwrap()).await });
    }
    let answers = asking.join_all().await;
    let given = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::OK)
        .count();
    assert_eq!(given, 6, "six times 3.00 of 20.00");
    let intent = stage
        .get(&format!("payment_intents/{id}?expand[]=latest_charge"))
        .await;
    assert_eq!(intent["latest_charge"]["amount_refunded"], 1_800);
}

#[tokio::test]
async fn a_refund_that_fails_late_gives_the_amount_back_to_the_charge() {
    let mut stage = Stage::open().await;
    let id = stage.paid_payment().await;
    let all = [("payment_intent", id.as_str())];
    let (_, refund) = stage.post("refunds", &all).await;
    let refund_id = refund["id"].as_str().unwrap();
    let (status, body) = stage.post("refunds", &all).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["error"]["code"], "charge_already_refunded");
    stage
        .control(&format!("refunds/{refund_id}/fail"), json!({}))
        .await;
    let told = stage.received_of("refund.failed").await.event();
    assert_eq!(told["data"]["object"]["status"], "failed");
    assert_eq!(told["data"]["object"]["amount"], 2_000);
    let (status, again) = stage.post("refunds", &all).await;
    assert_eq!((status, &again["amount"]), (StatusCode::OK, &json!(2_000)));
}

#[tokio::test]
async fn what_was_charged_back_cannot_be_refunded_too() {
    let mut stage = Stage::open().await;
    let id = stage.paid_payment().await;
    let all = [("payment_intent", id.as_str())];
    let part = [("payment_intent", id.as_str()), ("amount", "500")];
    stage.post("refunds", &part).await;
    let dispute = stage
        .control(&format!("payments/{id}/dispute"), json!({}))
        .await;
    assert_eq!(dispute["amount"], 1_500, "what was not given back already");
    stage.received_of("charge.dispute.funds_withdrawn").await;
    let (_, refused) = stage.post("refunds", &all).await;
    assert_eq!(refused["error"]["code"], "charge_disputed");
    let dispute_id = dispute["id"].as_str().unwrap();
    stage
        .control(&format!("disputes/{dispute_id}/win"), json!({}))
        .await;
    let closed = stage.received_of("charge.dispute.closed").await.event();
    let movements = closed["data"]["object"]["balance_transactions"].clone();
    assert_eq!(movements[0]["amount"], -1_500);
    assert_eq!(movements[1]["amount"], 1_500);
    let (status, _) = stage.post("refunds", &all).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn an_inquiry_moves_no_money_until_it_becomes_a_dispute() {
    let mut stage = Stage::open().await;
    let id = stage.paid_payment().await;
    let inquiry = stage
        .control(&format!("payments/{id}/inquire"), json!({}))
        .await;
    assert_eq!(inquiry["status"], "warning_needs_response");
    assert_eq!(inquiry["balance_transactions"], json!([]));
    let inquiry_id = inquiry["id"].as_str().unwrap();
    let dispute = stage
        .control(&format!("disputes/{inquiry_id}/escalate"), json!({}))
        .await;
    assert_eq!(dispute["status"], "needs_response");
    stage.received_of("charge.dispute.funds_withdrawn").await;
    let lost = stage
        .control(&format!("disputes/{inquiry_id}/lose"), json!({}))
        .await;
    assert_eq!(lost["balance_transactions"].as_array().unwrap().len(), 1);
}
