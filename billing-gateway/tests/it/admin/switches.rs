//! Switches of the whole service, for whoever operates it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::asked;
use crate::gateway::{Gateway, System, config, problem, sent, token_of};
use crate::payments::Stripe;
use crate::stage::{Stage, good};

#[tokio::test]
async fn payments_are_switched_off_with_a_reason_that_payers_read_and_on_again() {
    let stage = Stage::<Stripe>::start().await;
    let listed = stage.read("switches").await;
    assert_eq!(listed["switches"].as_array().unwrap().len(), 3, "{listed}");
    assert!(
        listed["switches"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["on"] == true)
    );
    for body in [json!({"on": false}), json!({"on": false, "reason": " "})] {
        let refused = problem(stage.put("switches/payments", &body)).await;
        assert_eq!(refused["errors"][0]["field"], "reason");
    }
    let refused = problem(stage.put("switches/payments", &json!({"reason": "r"}))).await;
    assert_eq!(refused["errors"][0]["field"], "on");
    let off = json!({"on": false, "reason": "we are moving house"});
    assert_eq!(
        problem(stage.put("switches/nothing", &off)).await["code"],
        "NOT_FOUND"
    );
    let answer = good(stage.put("switches/payments", &off)).await;
    assert_eq!(answer["switch"]["on"], false, "{answer}");
    assert_eq!(answer["switch"]["actor"], "root");

    let refused = payment_answers(&stage, "PAYMENTS_OFF").await;
    assert_eq!(refused["message"], "we are moving house");
    good(stage.put("switches/payments", &json!({"on": true, "reason": "moved"}))).await;
    let listed = stage.read("switches").await;
    let reasons: Vec<_> = (0..2).map(|at| &listed["changes"][at]["reason"]).collect();
    assert_eq!(reasons, ["moved", "we are moving house"], "{listed}");
    let changes = stage.read("audit").await;
    assert_eq!(changes["changes"][0]["action"], "switch", "{changes}");
}

/// Cores follow within a second.
async fn payment_answers(stage: &Stage<Stripe>, code: &str) -> Value {
    let since = Instant::now();
    loop {
        let begun = sent(stage.creation("u", &json!({"amount_usd": 1}), None)).await;
        let answer: Value = begun.json().await.unwrap();
        if answer["code"] == code {
            return answer;
        }
        assert!(since.elapsed() < Duration::from_secs(10), "{answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Those, too, who have the answer of before.
#[tokio::test]
async fn strangers_are_told_that_payments_are_off_and_that_they_are_on_again() {
    let stage = Stage::<Stripe>::start().await;
    let on = sent(stage.gateway.get(TERMS)).await;
    let tag = on.headers()["etag"].to_str().unwrap().to_owned();
    let on: Value = on.json().await.unwrap();
    assert_eq!(
        (&on["payments_paused"], &on["payments_paused_reason"]),
        (&json!(false), &Value::Null)
    );
    let switch = json!({"on": false, "reason": "we are moving house"});
    good(stage.put("switches/payments", &switch)).await;
    let (off, new_tag) = other_terms(&stage, &tag).await;
    assert_eq!(
        (&off["payments_paused"], &off["payments_paused_reason"]),
        (&json!(true), &json!("we are moving house"))
    );
    good(stage.put("switches/payments", &json!({"on": true, "reason": "moved"}))).await;
    assert_eq!(other_terms(&stage, &new_tag).await, (on, tag));
}

const TERMS: &str = "/api/v1/sponsorship";

/// How the tenant is supported, and the tag of that, once it is something else than what has this tag.
async fn other_terms(stage: &Stage<Stripe>, tag: &str) -> (Value, String) {
    let since = Instant::now();
    loop {
        let asked = stage.gateway.get(TERMS).header("if-none-match", tag);
        let answer = sent(asked).await;
        if answer.status() == 200 {
            let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
            return (answer.json().await.unwrap(), tag);
        }
        assert_eq!(answer.status(), 304);
        assert!(since.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_administrator_of_one_tenant_among_several_switches_nothing() {
    let system = System::start().await;
    let core = &system.core;
    let claim = ["--jwt-admin-claim=role", "--jwt-admin-value=admin"];
    let for_all = format!("--core-admin-token={}", core.admin_token);
    let flags = [&claim[..], &[&for_all, "--jwt-tenant-claim=tenant"]].concat();
    let of_many = Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await;
    let for_one = format!("--core-admin-token={}", core.other_tenants_admin_token);
    let flags = [&claim[..], &[&for_one]].concat();
    let of_one = Gateway::start(config(&core.url(), &core.gateway_token, &flags)).await;
    let off = json!({"on": false, "reason": "for everybody"});
    let claims = json!({"userId": "root", "role": "admin", "tenant": "demo"});
    let path = "/api/admin/switches";
    for request in [
        of_many.get(path).bearer_auth(token_of(&claims)),
        of_many
            .request(Method::PUT, &format!("{path}/payments"))
            .bearer_auth(token_of(&claims))
            .json(&off),
        asked(&of_one, Method::GET, "switches"),
        asked(&of_one, Method::PUT, "switches/payments").json(&off),
    ] {
        let refused = problem(request).await;
        let said = (&refused["status"], &refused["code"]);
        assert_eq!(
            said,
            (&json!(403), &json!("OPERATOR_REQUIRED")),
            "{refused}"
        );
    }
}
