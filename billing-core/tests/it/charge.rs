//! Charges and their refunds.

#![expect(clippy::unwrap_used, reason = "a test fails where its set-up fails")]

use billing_proto::v1;

use crate::support::{USD, account, charge, core};

#[tokio::test]
async fn a_charge_is_taken_from_the_balance_once_however_often_it_is_sent() {
    let (_database, core) = core().await;
    core.grant(&account("alice"), 5 * USD).await;
    let first = core
        .balance()
        .charge(charge("alice", "call-1", 2 * USD))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.decision(), v1::Decision::Allowed);
    assert_eq!(first.charged_micros, 2 * USD);
    assert!(!first.replayed);
    let second = core
        .balance()
        .charge(charge("alice", "call-1", 2 * USD))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        second,
        v1::ChargeResponse {
            replayed: true,
            ..first
        }
    );
    let balance = core
        .balance()
        .get_balance(v1::GetBalanceRequest {
            account: Some(account("alice")),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(balance.balance.unwrap().available_micros, 3 * USD);
    core.stop().await;
}
