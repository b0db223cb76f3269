//! Many contributions of one tenant, all completed at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use billing_proto::v1::{Decision, PaymentState, WallPeriod};
use billing_testkit::{TestCore, TestDatabase};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{of, standing};
use crate::payment::delivered;
use crate::sponsorship::{CENTS, given, progress, told, wall};
use crate::support::{USD, amount, assert_books_are_right};
use crate::user::User;

const GIFTS: i64 = 1_000;
const PEOPLE: i64 = 250;
const CALLERS: usize = 64;
/// On a machine that is busy with other tests; alone it takes less than a tenth of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Each caller takes what is next until nothing is left.
async fn by_many<T: Send + 'static, F: Future<Output = ()> + Send>(
    tasks: Vec<T>,
    carry_out: impl Fn(usize, T) -> F + Clone + Send + 'static,
) {
    let tasks = Arc::new(Mutex::new(VecDeque::from(tasks)));
    let callers: JoinSet<()> = (0..CALLERS)
        .map(|caller| {
            let (tasks, carry_out) = (Arc::clone(&tasks), carry_out.clone());
            async move {
                let next = || tasks.lock().unwrap().pop_front();
                while let Some(task) = next() {
                    carry_out(caller, task).await;
                }
            }
        })
        .collect();
    callers.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_contributions_of_a_tenant_completed_at_once_count_once_and_checks_go_on() {
    let database = TestDatabase::new().await;
    let cores = [
        TestCore::start(&database).await,
        TestCore::start(&database).await,
    ];
    let cores = Arc::new(cores);
    let completed = Arc::new(Mutex::new(Vec::new()));
    let gifts: Vec<i64> = (0..GIFTS).collect();
    let (giving, noted) = (Arc::clone(&cores), Arc::clone(&completed));
    by_many(gifts, move |caller, n| {
        let (cores, noted) = (Arc::clone(&giving), Arc::clone(&noted));
        async move {
            let gift = of(&format!("user-{}", n % PEOPLE), &n.to_string(), CENTS);
            let payment = given(&cores[caller % 2], gift).await;
            let paid = standing(PaymentState::Succeeded, CENTS, false);
            let event = told("paid", &payment, paid);
            let mut noted = noted.lock().unwrap();
            noted.push(event.clone());
            // The provider tells some of them again, sooner or later.
            if n % 10 == 0 {
                noted.insert(0, event);
            }
        }
    })
    .await;
    let events = std::mem::take(&mut *completed.lock().unwrap());
    let checked = User::with(&cores[0], "checked", USD).await;
    let began = Instant::now();
    let storming = Arc::clone(&cores);
    let mut storm = tokio::spawn(by_many(events, move |caller, event| {
        let gateway = storming[caller % 2].payments();
        async move { drop(delivered(gateway, event).await.unwrap()) }
    }));
    let (mut checks, mut slowest) = (0, Duration::ZERO);
    loop {
        let sent = Instant::now();
        tokio::select! {
            ended = &mut storm => break ended.unwrap(),
            answer = checked.check(amount(1)) => {
                assert_eq!(answer.decision(), Decision::Allowed);
                checks += 1;
                slowest = slowest.max(sent.elapsed());
            }
        }
    }
    let took = began.elapsed();
    assert!(took < PATIENCE, "the storm took {took:?}");
    assert!(checks > 20, "{checks} checks in {took:?}");
    let most = (took / 2).max(Duration::from_secs(2));
    assert!(slowest < most, "a check took {slowest:?} of {took:?}");
    let now = progress(&cores[1]).await;
    assert_eq!((now.current_minor, now.supporters), (GIFTS * CENTS, PEOPLE));
    assert_eq!(wall(&cores[0], WallPeriod::All).await.total_count, PEOPLE);
    // The tenant's sums are everybody's: written once for a batch, not for each event.
    let pool = database.pool().await;
    let batches: i64 = sqlx::query_scalar("select count(distinct xmin::text) from provider_event")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(batches < GIFTS / 2, "{batches} transactions");
    assert_books_are_right(&database).await;
}
