use http::StatusCode;
use serde_json::json;

use super::stage::{Params, SECRET, Stage, signature, signed};

async fn page(stage: &Stage, url: &str) -> (String, String) {
    let answer = stage.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    (policy, answer.text().await.unwrap())
}

/// The form with the button of this label: where it leads, and what it holds.
fn form(page: &str, label: &str) -> (String, Params) {
    let form = page
        .split("<form")
        .find(|form| form.contains(&format!("<button>{label}</button>")))
        .unwrap_or_else(|| panic!("there is no button {label} in {page}"));
    let until_quote = |text: &str| text.split_once('"').unwrap().0.to_owned();
    let action = until_quote(form.split_once("action=\"").unwrap().1);
    let fields = form.split("<input").skip(1).map(|input| {
        let of = |name: &str| until_quote(input.split_once(name).unwrap().1);
        let value = of("value=\"").replace("&quot;", "\"").replace("&amp;", "&");
        (of("name=\""), value.into())
    });
    (action, fields.collect())
}

async fn press(stage: &Stage, page: &str, label: &str) -> reqwest::Response {
    let (action, fields) = form(page, label);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            fields
                .iter()
                .map(|(name, value)| (name, value.as_str().unwrap())),
        )
        .finish();
    stage
        .http
        .post(format!("{}{action}", stage.sandbox.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_person_is_declined_pays_and_gives_back_by_buttons_alone() {
    let stage = Stage::open().await;
    let url = stage.checkout("person").await;
    let (_, all) = page(&stage, &stage.sandbox.url()).await;
    let path = url.strip_prefix(&stage.sandbox.url()).unwrap();
    assert!(all.contains(path), "the list leads to the order");
    for (label, then) in [
        ("Decline", "the bank has declined it"),
        ("Pay", "state approved"),
        ("Reverse", "state reversed"),
    ] {
        let (_, before) = page(&stage, &url).await;
        assert!(before.contains("₴125.50 UAH"), "{before}");
        let answer = press(&stage, &before, label).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{label}");
        assert_eq!(answer.headers()["location"], path);
        let (_, after) = page(&stage, &url).await;
        assert!(after.contains(then), "{label}: {after}");
    }
    let other = stage.checkout("late").await;
    let (_, before) = page(&stage, &other).await;
    press(&stage, &before, "Expire").await;
    assert_eq!(stage.status("late").await["order_status"], "expired");
}

#[tokio::test]
async fn the_list_gives_back_a_part_and_shows_the_callbacks() {
    let stage = Stage::open().await;
    stage.checkout("listed").await;
    stage.pay("listed").await;
    stage
        .control("orders/listed/reverse", json!({ "amount": 50 }))
        .await;
    let (_, all) = page(&stage, &stage.sandbox.url()).await;
    assert_eq!(form(&all, "Reverse").1["amount"], "12500");
    let answer = press(&stage, &all, "Reverse").await;
    assert_eq!(answer.headers()["location"], "/");
    assert_eq!(stage.status("listed").await["order_status"], "reversed");
    assert!(all.contains("fondy.approved") && all.contains(&stage.listener_url));
}

#[tokio::test]
async fn the_browser_carries_the_signed_outcome_back_to_the_shop() {
    let stage = Stage::open().await;
    let url = stage.checkout("back").await;
    let (_, before) = page(&stage, &url).await;
    assert!(!before.contains("Back to the shop"));
    stage.pay("back").await;
    let (policy, after) = page(&stage, &url).await;
    assert!(
        policy.contains("form-action 'self' https://shop.example;"),
        "{policy}"
    );
    let (action, fields) = form(&after, "Back to the shop");
    assert_eq!(action, "https://shop.example/back?order=1");
    assert_eq!(fields["order_status"], "approved");
    assert_eq!(fields["signature"], signature(SECRET, &fields));

    let shop = format!("{}/shop/thanks", stage.sandbox.url());
    let answer = stage
        .http
        .post(shop)
        .body("order_id=<b>x")
        .send()
        .await
        .unwrap();
    let shown = answer.text().await.unwrap();
    assert!(
        shown.contains("&lt;b&gt;x") && !shown.contains("<b>x"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_page_of_an_order_opens_by_its_token_alone() {
    let stage = Stage::open().await;
    stage.checkout("guessed").await;
    let url = format!("{}/checkout/guessed", stage.sandbox.url());
    let answer = stage.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_browser_that_asks_itself_is_led_to_the_page() {
    let stage = Stage::open().await;
    let led = stage
        .send("checkout/redirect", signed(stage.order("led")))
        .await;
    assert_eq!(led.status(), StatusCode::SEE_OTHER);
    let to = led.headers()["location"].to_str().unwrap();
    assert!(to.starts_with(&stage.sandbox.url()));
    let again = stage
        .send("checkout/redirect", signed(stage.order("led")))
        .await;
    assert!(again.text().await.unwrap().contains("Duplicate order"));
}

#[tokio::test]
async fn what_merchants_write_is_shown_and_never_run() {
    let stage = Stage::open().await;
    let hostile = "\"><script>alert(1)</script>";
    let mut order = stage.order(hostile);
    for name in ["order_desc", "merchant_data", "sender_email"] {
        order[name] = hostile.into();
    }
    order["response_url"] = "https://shop.example/\"><script>x".into();
    let made = stage.call("checkout/url", order).await;
    let url = made["checkout_url"].as_str().unwrap().to_owned();
    stage.pay(url.rsplit('/').next().unwrap()).await;
    for url in [&url, &stage.sandbox.url()] {
        let (_, html) = page(&stage, url).await;
        assert!(!html.contains("<script"), "{html}");
    }
}
