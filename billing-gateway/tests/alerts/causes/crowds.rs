//! More than there is room for.

use std::net::TcpStream;

use billing_proto::v1::CheckBalanceRequest;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_testkit::TestDatabase;
use reqwest::Method;

use super::cause;
use super::payments::System;
use crate::Caused;
use crate::promtool::Goes;
use crate::services::{Process, account, micros};

pub async fn beset_a_gateway(system: &System, caused: &mut Caused) {
    let settings = [
        ("BILLING_GATEWAY_MAX_CONNECTIONS", "8"),
        ("BILLING_RATE_LIMIT_IP", "1"),
        ("BILLING_RECONCILE_SECS", "0"),
    ];
    let gateway = Process::gateway(&system.core, &settings).await;
    let alerts = [("BillingRateLimitSurge", Goes::On)];
    cause(caused, &gateway, &alerts, async || {
        for _ in 0..320 {
            let request = gateway.request(Method::GET, "/api/billing/balance", "u");
            request.send().await.unwrap();
        }
        gateway.scrape().await
    })
    .await;
    let alerts = [("BillingRequestsTurnedAway", Goes::On)];
    cause(caused, &gateway, &alerts, async || {
        let crowd: Vec<TcpStream> = (0..40)
            .map(|_| TcpStream::connect(gateway.address).unwrap())
            .collect();
        let turned_away = "http_server_turned_away_total{what=\"connection\"";
        let scrape = gateway
            .until("they are turned away", |scrape| {
                scrape.sum(turned_away) >= 20.0
            })
            .await;
        drop(crowd);
        scrape
    })
    .await;
}

/// More callers, who are known, than there may be connections.
pub async fn beset_a_core(database: &TestDatabase, caused: &mut Caused) {
    let settings = [("BILLING_CONNECTIONS_MAX", "2")];
    let core = Process::core(database.application_url(), &settings).await;
    let alerts = [("BillingConnectionsFull", Goes::Once)];
    cause(caused, &core, &alerts, async || {
        let mut callers = Vec::new();
        for n in 0..3 {
            let mut caller = BalanceServiceClient::new(core.channel());
            let check = CheckBalanceRequest {
                account: account("u"),
                cost: micros(1),
            };
            let answer = caller.check_balance(check).await;
            assert_eq!(answer.is_ok(), n < 2, "{answer:?}");
            callers.push(caller);
        }
        core.scrape().await
    })
    .await;
}
