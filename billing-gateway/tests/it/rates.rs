//! Rates that the gateway fetches, and the core keeps.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::gateway::{Gateway, System, account, config};

/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The bank, which answers with this rate of so many days ago, or is away.
async fn bank(rate: Arc<Mutex<Option<(&'static str, i64)>>>) -> String {
    let answer = async move || -> Response {
        let Some((rate, days_ago)) = *rate.lock().unwrap() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let date = Timestamp::now() - SignedDuration::from_hours(24 * days_ago);
        let date = date.strftime("%d.%m.%Y");
        format!(r#"[{{"r030":840,"rate":{rate},"cc":"USD","exchangedate":"{date}"}}]"#)
            .into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/exchange", get(answer));
    tokio::spawn(axum::serve(listener, app).into_future());
    format!("http://{address}/exchange?valcode=USD&json")
}

async fn started(flags: &[&str]) -> System {
    let mut system = System::start().await;
    let core = &system.core;
    system.gateway = Gateway::start(config(&core.url(), &core.gateway_token, flags)).await;
    system
}

async fn rate(system: &System) -> Value {
    let balance = system.json("u", "/api/billing/balance").await;
    balance["billing"]["uah_rate"].clone()
}

async fn rate_becomes(system: &System, expected: &str) -> Value {
    let since = Instant::now();
    loop {
        let rate = rate(system).await;
        let said = rate["rate"].to_string();
        if said == expected {
            return rate;
        }
        assert!(since.elapsed() < PATIENCE, "{said}, not {expected}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_fixed_rate_is_recorded_and_figures_are_at_it() {
    let system = started(&["--rate-source=static:41.50"]).await;
    let recorded = rate_becomes(&system, "41.5").await;
    assert_eq!(recorded["source"], "static");
    system.core.grant(&account("u"), 24_650_000).await;
    let balance = system.text("u", "/api/billing/balance").await;
    assert!(balance.contains(r#""balance_uah":1022.98,"#), "{balance}");
    assert!(balance.contains(r#""rate":41.5,"#), "{balance}");
    let history = system.json("u", "/api/billing/history").await;
    let entry = &history["transactions"][0];
    assert_eq!(entry["amount_uah"].to_string(), "1022.98");
}

#[tokio::test]
async fn the_banks_rate_is_followed_and_the_last_one_stays_while_the_bank_is_away() {
    let said = Arc::new(Mutex::new(Some(("41.1234", 0))));
    let url = bank(Arc::clone(&said)).await;
    let flags = ["--rate-source=nbu", "--rate-secs=1", "--nbu-url", &url];
    let system = started(&flags).await;
    let first = rate_becomes(&system, "41.1234").await;
    assert_eq!(first["source"], "nbu");
    // Friday's, on Monday.
    *said.lock().unwrap() = Some(("42.00000001", 3));
    rate_becomes(&system, "42.00000001").await;
    stands_still(&system, "42.00000001", || *said.lock().unwrap() = None).await;
    // Last year's is as good as none.
    stands_still(&system, "42.00000001", || {
        *said.lock().unwrap() = Some(("42.00000001", 365));
    })
    .await;
    *said.lock().unwrap() = Some(("40", 0));
    rate_becomes(&system, "40").await;
}

/// With what is done the rate is not fetched any more, and is no newer than it was.
async fn stands_still(system: &System, expected: &str, done: impl FnOnce()) {
    done();
    // One fetch more may be under way; after it the time stands still.
    let mut last = rate(system).await;
    let since = Instant::now();
    let mut changed_at = Instant::now();
    while changed_at.elapsed() < Duration::from_millis(2500) {
        let now = rate(system).await;
        assert_eq!(now["rate"].to_string(), expected);
        if now != last {
            (last, changed_at) = (now, Instant::now());
        }
        assert!(since.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
