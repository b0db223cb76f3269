use http::StatusCode;
use serde_json::json;

use crate::stage::{Stage, encoded};

pub async fn page(stage: &Stage, path: &str) -> (StatusCode, String) {
    let url = format!("{}{path}", stage.sandbox.url());
    let answer = stage.http.get(url).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.contains("default-src 'none'"));
    (answer.status(), answer.text().await.unwrap())
}

/// Presses the button of this label, with what its form has in it.
pub async fn press(stage: &Stage, page: &str, label: &str) -> reqwest::Response {
    let form = page
        .split("<form")
        .find(|form| form.contains(&format!("<button>{label}</button>")))
        .unwrap_or_else(|| panic!("there is no button {label} in {page}"));
    let value_after = |start: &str| {
        let rest = form.split_once(start)?.1;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let action = value_after("action=\"").unwrap();
    let back = value_after("name=\"back\" value=\"").unwrap();
    let url = format!("{}{action}", stage.sandbox.url());
    stage
        .http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(encoded(&[("back", &back)]))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_person_pays_refunds_and_lets_the_refund_fail_by_buttons_alone() {
    let stage = Stage::open().await;
    let id = stage.payment().await;
    let path = format!("/?payment_intent={id}");
    let (_, all) = page(&stage, "/").await;
    assert!(all.contains(&path), "the list leads to the payment");
    for (label, then) in [
        ("Pay", "succeeded"),
        ("Refund", "Everything was given back"),
        ("Fail after all", "state failed"),
        ("Dispute", "needs response"),
        ("Win", "state won"),
    ] {
        let (_, before) = page(&stage, &path).await;
        let answer = press(&stage, &before, label).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{label}");
        assert_eq!(answer.headers()["location"], path.as_str());
        let (_, after) = page(&stage, &path).await;
        assert!(after.contains(then), "{label}: {after}");
    }
}

#[tokio::test]
async fn a_person_passes_three_d_secure_on_the_page() {
    let stage = Stage::open().await;
    let id = stage.payment().await;
    let card = json!({ "card": "4000 0000 0000 3220" });
    let intent = stage.control(&format!("payments/{id}/pay"), card).await;
    let there = intent["next_action"]["redirect_to_url"]["url"].as_str();
    let path = there.unwrap().strip_prefix(&stage.sandbox.url()).unwrap();
    let (_, before) = page(&stage, path).await;
    press(&stage, &before, "Authenticate").await;
    let paid = stage.get(&format!("payment_intents/{id}")).await;
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_with_the_way_back() {
    let stage = Stage::open().await;
    let id = stage.payment().await;
    let path = format!("/?payment_intent={id}");
    let (_, old) = page(&stage, &path).await;
    press(&stage, &old, "Cancel").await;
    let answer = press(&stage, &old, "Pay").await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains(&path));
    let (status, _) = page(&stage, "/?payment_intent=pi_unknown").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_callers_write_is_shown_and_never_run() {
    let stage = Stage::open().await;
    let hostile = "\"><script>alert(1)</script>";
    let fields = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("description", hostile),
        ("metadata[<b>]", hostile),
    ];
    let (_, intent) = stage.post("payment_intents", &fields).await;
    let one = format!("/?payment_intent={}", intent["id"].as_str().unwrap());
    for path in ["/", &one, "/?payment_intent=<script>"] {
        let (_, html) = page(&stage, path).await;
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("<b>"), "{html}");
    }
}

#[tokio::test]
async fn no_other_site_presses_its_buttons() {
    let stage = Stage::open().await;
    let id = stage.payment().await;
    let url = format!("{}/sandbox/payments/{id}/pay", stage.sandbox.url());
    let request = stage.http.post(url).header("sec-fetch-site", "cross-site");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let intent = stage.get(&format!("payment_intents/{id}")).await;
    assert_eq!(intent["status"], "requires_payment_method");
}
