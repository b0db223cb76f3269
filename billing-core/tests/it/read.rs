//! What a read rests on.

use billing_proto::v1;
use billing_testkit::{TestCore, TestDatabase};
use tokio::task::JoinHandle;
use tonic::Code;

use crate::proxy::Proxy;
use crate::support::{USD, account, amount, eventually};
use crate::user::User;

/// What alice has available, asked on the side.
fn ask(core: &TestCore) -> JoinHandle<i64> {
    let mut gateway = core.balance();
    tokio::spawn(async move {
        let request = v1::GetBalanceRequest {
            account: Some(account("alice")),
        };
        let answer = gateway.get_balance(request).await.unwrap().into_inner();
        answer.balance.unwrap().available_micros
    })
}

/// Returns when whatever was asked before has arrived: a request that is refused at once, sent
/// later, has been answered.
async fn until_arrived(core: &TestCore) {
    for _ in 0..5 {
        let nobody = v1::GetBalanceRequest { account: None };
        let refused = core.balance().get_balance(nobody).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn a_read_joins_no_query_that_began_before_it_was_asked() {
    let database = TestDatabase::new().await;
    let writer = TestCore::start(&database).await;
    let proxy = Proxy::to(&database).await;
    let database = database.reached_through(proxy.address);
    let reader = TestCore::start(&database).await;
    let alice = User::with(&writer, "alice", USD).await;
    assert_eq!(ask(&reader).await.unwrap(), USD);

    // The first query has been answered by the server, and the core does not know it yet.
    let mut watcher = database.connect_as_owner().await;
    let before: String = sqlx::query_scalar("select clock_timestamp()::text")
        .fetch_one(&mut watcher)
        .await
        .unwrap();
    proxy.hold_answers();
    let first = ask(&reader);
    eventually("the first query has run", async || {
        sqlx::query_scalar(
            "select exists (select from pg_stat_activity where datname = current_database()
            and state = 'idle' and query_start > $1::timestamptz and query like '%from account %')",
        )
        .bind(&before)
        .fetch_one(&mut watcher)
        .await
        .unwrap()
    })
    .await;

    alice.charge("charge", amount(1)).await;
    let second = ask(&reader);
    until_arrived(&reader).await;
    proxy.release_answers();
    assert_eq!(first.await.unwrap(), USD);
    assert_eq!(second.await.unwrap(), USD - 1);
    reader.stop().await;
    writer.stop().await;
}
