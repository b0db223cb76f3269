//! The client on the real core, while the way to it is bad.

use std::time::Duration;

use billing_client::{Begin, Billing, CLOSE_WITHIN, Cost, Key, Settings};
use billing_proto::v1::AccountRef;

use crate::road::Road;
use crate::stage::{Stage, USD};

/// The pauses between tries may have grown to several seconds.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

/// A call that can be repeated.
fn begin(user: &AccountRef, key: &str) -> Begin {
    let key = Key::of(key.as_bytes(), "search", b"land law");
    Begin::new(Some(user.user_id.clone()), "search").key(Some(key))
}

fn settings(stage: &Stage, road: &Road, user: &AccountRef) -> Settings {
    Settings::new(&road.url, &stage.core.tools_token, &user.tenant_id).unwrap()
}

/// A client that lets calls pass while the core is away.
fn open_billing(stage: &Stage, road: &Road, user: &AccountRef) -> Billing {
    let settings = settings(stage, road, user)
        .allow_up_to_micros(10 * USD)
        .decision_deadline(Duration::from_millis(300))
        .ending_deadline(Duration::from_secs(1));
    Billing::new(settings).unwrap()
}

async fn wait_until_settled(billing: &Billing) {
    let settled = async {
        while billing.calls() + billing.backlog() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SETTLED_WITHIN, settled).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_while_its_call_is_placed_leaves_no_hold() {
    let stage = Stage::set().await;
    let user = stage.user("oleh");
    stage.core.grant(&user, 5 * USD).await;
    let road = Road::to(stage.core.address).await;
    let settings = settings(&stage, &road, &user).decision_deadline(Duration::from_secs(20));
    let billing = Billing::new(settings).unwrap();
    // The connection is made before answers are held back.
    billing.begin(begin(&user, "k1")).await.unwrap().end();
    wait_until_settled(&billing).await;

    road.hold_answers();
    let caller = tokio::spawn({
        let (billing, begin) = (billing.clone(), begin(&user, "k2"));
        async move { billing.begin(begin).await.map(drop) }
    });
    stage.wait_for_holds(&user, 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    assert_eq!(billing.calls(), 1);
    road.open();
    stage.wait_for_the_ends(&user).await;
    assert_eq!(billing.close(CLOSE_WITHIN).await, 0);
    assert_eq!(stage.charges(&user).await.len(), 1);
}

#[tokio::test]
async fn a_call_is_charged_once_whether_it_is_repeated_while_the_core_is_away_or_after() {
    let stage = Stage::set().await;
    let user = stage.user("maria");
    stage.core.grant(&user, 10 * USD).await;
    let road = Road::to(stage.core.address).await;
    let billing = open_billing(&stage, &road, &user);
    billing.begin(begin(&user, "k1")).await.unwrap().end();
    wait_until_settled(&billing).await;

    road.cut();
    for key in ["k1", "k2"] {
        billing.begin(begin(&user, key)).await.unwrap().end();
    }
    assert_eq!(stage.charges(&user).await.len(), 1);
    road.open();
    wait_until_settled(&billing).await;
    assert_eq!(stage.charges(&user).await.len(), 2);

    for key in ["k1", "k2"] {
        billing.begin(begin(&user, key)).await.unwrap().end();
    }
    wait_until_settled(&billing).await;
    assert_eq!(stage.charges(&user).await.len(), 2);
}

#[tokio::test]
async fn a_call_that_passed_and_gets_no_hold_is_charged_into_debt() {
    let stage = Stage::set().await;
    let user = stage.user("danylo");
    let road = Road::to(stage.core.address).await;
    let billing = open_billing(&stage, &road, &user);
    road.cut();
    let begin = begin(&user, "k1").estimate(Cost::AmountMicros(USD));
    let call = billing.begin(begin).await.unwrap();
    call.report(Cost::AmountMicros(USD / 2)).unwrap();
    call.end();
    road.open();
    wait_until_settled(&billing).await;
    let charges = stage.charges(&user).await;
    let amounts: Vec<_> = charges.iter().map(|charge| charge.amount_micros).collect();
    assert_eq!(amounts, [-USD / 2]);
}
