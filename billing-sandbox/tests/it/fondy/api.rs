use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::stage::{MERCHANT, Params, SECRET, Stage, sha1, signature, signed};

#[tokio::test]
async fn an_order_is_made_paid_and_told_in_texts_with_every_signature_right() {
    let stage = Stage::open().await;
    let url = stage.checkout("topup 1/ї").await;
    assert!(url.starts_with(&stage.sandbox.url()), "{url}");
    let created = stage.status("topup 1/ї").await;
    assert_eq!(created["order_status"], "created");
    assert_eq!(created["actual_amount"], "");
    let token = url.rsplit('/').next().unwrap();
    stage.pay(token).await;
    let paid = stage.status("topup 1/ї").await;
    for (name, value) in [
        ("order_status", json!("approved")),
        ("amount", json!("12550")),
        ("actual_amount", json!("12550")),
        ("currency", json!("UAH")),
        ("reversal_amount", json!("0")),
        ("merchant_id", json!(MERCHANT)),
        ("merchant_data", json!("{\"payment\":\"п1\"}")),
        ("tran_type", json!("purchase")),
    ] {
        assert_eq!(paid[name], value, "{name}");
    }
    assert_eq!(paid["payment_id"], created["payment_id"]);
}

#[tokio::test]
async fn what_is_refused_is_http_200_with_its_code_and_has_no_effect() {
    let stage = Stage::open().await;
    let with = |name: &str, value: Value| {
        let mut order = stage.order("refused");
        order[name] = value;
        order
    };
    let without = |name: &str| {
        let mut order = stage.order("refused");
        order.as_object_mut().unwrap().remove(name);
        order
    };
    for (params, code) in [
        (without("amount"), 1011),
        (with("order_id", json!("")), 1009),
        (with("amount", json!("12.50")), 1007),
        (with("amount", json!(0)), 1007),
        (with("currency", json!("XXX")), 1012),
        (with("currency", json!("uah")), 1012),
        (
            with("server_callback_url", json!("javascript:alert(1)")),
            1007,
        ),
        (with("lifetime", json!("-1")), 1007),
        (with("merchant_data", json!({ "nested": 1 })), 1007),
    ] {
        let answer = stage.call("checkout/url", params).await;
        assert_eq!(answer["response_status"], "failure", "{answer}");
        assert_eq!(answer["error_code"], code, "{answer}");
        assert!(answer["error_message"].is_string());
        assert!(answer["request_id"].is_string());
    }
    assert_eq!(stage.status("refused").await["error_code"], 1018);
}

#[tokio::test]
async fn a_request_without_a_right_signature_of_a_known_merchant_is_refused() {
    let stage = Stage::open().await;
    let mut unsigned = signed(stage.order("a"));
    unsigned.remove("signature");
    let mut altered = signed(stage.order("a"));
    altered.insert("amount".to_owned(), "1".into());
    let mut extended = signed(stage.order("a"));
    extended.insert("unknown".to_owned(), "x".into());
    let mut foreign = signed(stage.order("a"));
    foreign.insert("merchant_id".to_owned(), 1.into());
    foreign.insert("signature".to_owned(), signature(SECRET, &foreign).into());
    let mut other_secret = signed(stage.order("a"));
    let made = signature("another", &other_secret).into();
    other_secret.insert("signature".to_owned(), made);
    for (request, code) in [
        (unsigned, 1011),
        (altered, 1014),
        (extended, 1014),
        (foreign, 1016),
        (other_secret, 1014),
        (Params::new(), 1010),
    ] {
        let answer = stage.send("checkout/url", request).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["response"]["error_code"], code, "{answer}");
    }
}

#[tokio::test]
async fn a_form_is_answered_by_a_form() {
    let stage = Stage::open().await;
    let request = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(signed(stage.order("form")).iter().map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        }))
        .finish();
    let answer = stage
        .http
        .post(format!("{}/checkout/url/", stage.sandbox.fondy_url()))
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )
        .body(request)
        .send()
        .await
        .unwrap();
    let body = answer.text().await.unwrap();
    let answer: Params = form_urlencoded::parse(body.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    assert_eq!(answer["response_status"], "success");
    assert_eq!(answer["signature"], signature(SECRET, &answer));
    assert_eq!(stage.status("form").await["order_status"], "created");
}

#[tokio::test]
async fn protocol_2_is_answered_in_protocol_2() {
    let mut stage = Stage::open().await;
    let ask = async |path: &str, mut order: Value| {
        order["merchant_id"] = MERCHANT.into();
        let data = BASE64_STANDARD.encode(json!({ "order": order }).to_string());
        let request = Params::from([
            ("version".to_owned(), "2.0".into()),
            (
                "signature".to_owned(),
                sha1(&format!("{SECRET}|{data}")).into(),
            ),
            ("data".to_owned(), data.into()),
        ]);
        let answer: Value = stage.send(path, request).await.json().await.unwrap();
        let data = answer["response"]["data"].as_str().unwrap();
        assert_eq!(answer["response"]["version"], "2.0");
        assert_eq!(
            answer["response"]["signature"],
            sha1(&format!("{SECRET}|{data}"))
        );
        let opened: Value = serde_json::from_slice(&BASE64_STANDARD.decode(data).unwrap()).unwrap();
        opened["order"].clone()
    };
    let made = ask("checkout/url", stage.order("second")).await;
    assert_eq!(made["response_status"], "success");
    let status = ask("status/order_id", json!({ "order_id": "second" })).await;
    assert_eq!(status["order_status"], "created");
    stage.pay("second").await;
    let told = stage.received().await;
    assert!(told.body.contains("\"version\":\"2.0\""), "{}", told.body);
    assert_eq!(told.params()["order_status"], "approved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_order_id_makes_one_order_however_many_ask_at_once() {
    let stage = std::sync::Arc::new(Stage::open().await);
    let mut asking = JoinSet::new();
    for _ in 0..64 {
        let stage = std::sync::Arc::clone(&stage);
        asking.spawn(async move { stage.call("checkout/url", stage.order("one")).await });
    }
    let mut made = 0;
    for answer in asking.join_all().await {
        if answer["response_status"] == "success" {
            made += 1;
        } else {
            assert_eq!(answer["error_code"], 1013, "{answer}");
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn reversals_add_up_to_what_was_paid_and_one_key_is_one_reversal() {
    let stage = Stage::open().await;
    stage.checkout("r").await;
    let reverse = async |amount: i64, key: &str| {
        let asked = json!({
            "order_id": "r", "amount": amount, "currency": "UAH", "reverse_id": key,
        });
        stage.call("reverse/order_id", asked).await
    };
    assert_eq!(reverse(100, "early").await["error_code"], 1007);
    stage.pay("r").await;
    let first = reverse(5_000, "a").await;
    assert_eq!(first["reverse_status"], "approved");
    assert_eq!(first["reversal_amount"], "5000");
    assert_eq!(
        reverse(5_000, "a").await["transaction_id"],
        first["transaction_id"]
    );
    assert_eq!(reverse(4_000, "a").await["error_code"], 1007);
    assert_eq!(reverse(7_551, "b").await["error_code"], 1007);
    let partly = stage.status("r").await;
    assert_eq!(partly["order_status"], "approved");
    assert_eq!(partly["reversal_amount"], "5000");
    let rest = reverse(7_550, "b").await;
    assert_ne!(rest["transaction_id"], first["transaction_id"]);
    let all = stage.status("r").await;
    assert_eq!(all["order_status"], "reversed");
    assert_eq!(all["reversal_amount"], "12550");
    assert_eq!(all["actual_amount"], "12550");
    assert_eq!(reverse(1, "c").await["error_code"], 1007);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reversals_at_once_never_give_back_more_than_was_paid() {
    let stage = std::sync::Arc::new(Stage::open().await);
    stage.checkout("r").await;
    stage.pay("r").await;
    let mut asking = JoinSet::new();
    for key in 0..40 {
        let stage = std::sync::Arc::clone(&stage);
        asking.spawn(async move {
            let asked = json!({
                "order_id": "r", "amount": "1000", "currency": "UAH", "reverse_id": format!("{key}"),
            });
            stage.call("reverse/order_id", asked).await
        });
    }
    let answers = asking.join_all().await;
    let made: BTreeSet<String> = answers
        .iter()
        .filter(|answer| answer["response_status"] == "success")
        .map(|answer| answer["transaction_id"].to_string())
        .collect();
    assert_eq!(made.len(), 12);
    assert_eq!(stage.status("r").await["reversal_amount"], "12000");
}

#[test]
fn fondy_repeats_at_its_own_times_so_many_times_faster() {
    let times = billing_sandbox::Options::fondy_retries(100);
    let expected = [20, 600, 3_000, 6_000, 36_000, 864_000].map(Duration::from_millis);
    assert_eq!(times, expected);
}
