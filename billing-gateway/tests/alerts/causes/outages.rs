//! What the services need, and is away.

use billing_proto::v1::RecordRateRequest;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::payment_service_client::PaymentServiceClient;
use billing_testkit::TestDatabase;
use reqwest::Method;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::cause;
use super::payments::{System, begin, charge, seconds_ago};
use crate::Caused;
use crate::promtool::{Goes, Trial};
use crate::scrape::Scrape;
use crate::services::Process;

/// Nobody listens at this port.
const NOBODY: &str = "http://127.0.0.1:9";

/// A gateway that reaches neither its provider nor the bank, whose last rate is of the day before yesterday.
pub async fn ways_out_are_closed(caused: &mut Caused) {
    let database = TestDatabase::new().await;
    let core = Process::core(database.application_url(), &[]).await;
    let rate = RecordRateRequest {
        currency: "UAH".to_owned(),
        rate: "41.5".to_owned(),
        source: "nbu".to_owned(),
        fetched_at: Some(seconds_ago(40 * 3600)),
    };
    let mut payments = PaymentServiceClient::new(core.channel());
    payments.record_rate(rate).await.unwrap();
    let settings = [
        ("STRIPE_API_URL", NOBODY),
        ("NBU_URL", NOBODY),
        ("BILLING_RATE_SOURCE", "nbu"),
        ("BILLING_RECONCILE_SECS", "0"),
    ];
    let gateway = Process::gateway(&core, &settings).await;
    let ill = gateway
        .until("the rate's age is known", |scrape| {
            scrape.sum("billing_rate_age_seconds{") > 0.0
        })
        .await;
    caused.push(Trial {
        alert: "BillingRateOld",
        ill: (Scrape::default(), ill),
        goes: Goes::On,
    });
    let alerts = [("BillingProviderAway", Goes::On)];
    cause(caused, &gateway, &alerts, async || {
        for user in ["a", "b", "c"] {
            assert_eq!(begin(&gateway, user).await.status(), 502);
        }
        gateway.scrape().await
    })
    .await;
}

/// The database lets nobody in; then the gateway is gone, too.
pub async fn the_database_goes_away(system: System, caused: &mut Caused) {
    let System {
        database,
        core,
        gateway,
        ..
    } = system;
    close(&database).await;
    core.until("the core is not ready", |scrape| {
        scrape.sum("billing_core_ready{") == 0.0
    })
    .await;
    let failed = "billing_reconcile_rounds_total{outcome=\"failed\"";
    gateway
        .until("it cannot reconcile", |scrape| scrape.sum(failed) > 0.0)
        .await;
    let both = async || core.scrape().await.with(&gateway.scrape().await);
    let before = both().await;
    let mut calls = BalanceServiceClient::new(core.channel());
    for n in 0..6 {
        calls
            .charge(charge("u", &format!("away{n}"), 1))
            .await
            .unwrap_err();
        let request = gateway.request(Method::GET, "/api/billing/balance", "u");
        assert_eq!(request.send().await.unwrap().status(), 503);
    }
    // It goes on trying, each second.
    let tried = before.sum(failed);
    gateway
        .until("it tries again", |scrape| scrape.sum(failed) > tried)
        .await;
    let after = both().await;
    for alert in [
        "BillingNoCoreReady",
        "BillingCoreNotReady",
        "BillingRpcErrors",
        "BillingHttpErrors",
        "BillingReconciliationStopped",
    ] {
        caused.push(Trial {
            alert,
            ill: (before.clone(), after.clone()),
            goes: Goes::On,
        });
    }
    drop(gateway);
    // Its address answers nobody any more: what is left to scrape is the core.
    let after = core.scrape().await;
    caused.push(Trial {
        alert: "BillingNoGatewayReady",
        ill: (before, after),
        goes: Goes::On,
    });
}

/// It is there, and lets nobody in.
async fn close(database: &TestDatabase) {
    let owner = database.owner();
    let name = owner.get_database().unwrap().to_owned();
    let elsewhere = owner.database("postgres");
    let mut elsewhere = PgConnection::connect_with(&elsewhere).await.unwrap();
    let closed = format!(
        "alter database {name} with allow_connections false;
        select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
    );
    let closed = sqlx::raw_sql(AssertSqlSafe(closed));
    closed.execute(&mut elsewhere).await.unwrap();
}
