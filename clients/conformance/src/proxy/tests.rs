//! The proxy before a core that is not there: what a client is told.

use billing_proto::retry;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::{AccountRef, CheckBalanceRequest, Cost, ErrorReason, cost};
use serde_json::json;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use super::Proxy;
use crate::scenario::{Fault, FaultKind, Rpc};

async fn set() -> (Proxy, BalanceServiceClient<Channel>) {
    let proxy = Proxy::to(billing_stage::free_address().unwrap())
        .await
        .unwrap();
    let channel = Endpoint::from_shared(format!("http://{}", proxy.address))
        .unwrap()
        .connect_lazy();
    (proxy, BalanceServiceClient::new(channel))
}

fn fault(kind: FaultKind) -> Fault {
    Fault {
        rpc: Rpc::CheckBalance,
        kind,
        times: 1,
        delay_ms: 0,
    }
}

async fn told(client: &mut BalanceServiceClient<Channel>) -> Status {
    let request = CheckBalanceRequest {
        account: Some(AccountRef {
            tenant_id: "conformance".to_owned(),
            user_id: "caller".to_owned(),
        }),
        cost: Some(Cost {
            cost: Some(cost::Cost::AmountMicros(7)),
        }),
    };
    client.check_balance(request).await.unwrap_err()
}

#[tokio::test]
async fn a_fault_meets_as_many_requests_as_it_says_and_each_request_is_noted() {
    let (proxy, mut client) = set().await;
    proxy.arm(fault(FaultKind::Internal));
    proxy.arm(fault(FaultKind::Overloaded));
    proxy.arm(fault(FaultKind::OutcomeUnknown));
    for reason in [
        ErrorReason::Internal,
        ErrorReason::Overloaded,
        ErrorReason::OutcomeUnknown,
    ] {
        let status = told(&mut client).await;
        assert_eq!(ErrorReason::of(&status), Some(reason));
        assert_eq!(status.code(), reason.code());
    }
    let status = told(&mut client).await;
    assert_eq!(
        (status.code(), ErrorReason::of(&status)),
        (Code::Unavailable, None)
    );
    let seen = proxy.seen();
    let kinds: Vec<_> = seen.iter().map(|seen| seen.fault).collect();
    assert_eq!(
        kinds,
        [
            Some(FaultKind::Internal),
            Some(FaultKind::Overloaded),
            Some(FaultKind::OutcomeUnknown),
            None
        ]
    );
    for seen in seen {
        assert_eq!(seen.rpc, Some(Rpc::CheckBalance));
        assert_eq!(seen.user, "caller");
        assert_eq!(seen.cost, Some(json!({"amount_micros": 7})));
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_not_the_cores_word() {
    let (proxy, mut client) = set().await;
    for kind in [FaultKind::LoseAnswer, FaultKind::Cut] {
        proxy.arm(fault(kind));
        let status = told(&mut client).await;
        assert_eq!(ErrorReason::of(&status), None, "{kind:?}: {status:?}");
        assert!(retry::may_help(&status), "{kind:?}: {status:?}");
    }
    let lost = proxy.seen();
    assert!(
        lost.iter()
            .all(|seen| seen.status.as_deref() == Some("lost"))
    );
}
