//! nginx and `HAProxy` between callers and a core, with the files of `deploy/`; and connections that have
//! been used for long enough.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use billing_proto::retry;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_testkit::{Caller, Proxy, TestCore, TestDatabase, Upstream};
use sqlx::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::support::{USD, assert_books_are_right, charge, reason, run, until_a_command_waits};
use crate::user::User;

type Client = BalanceServiceClient<InterceptedService<Channel, Caller>>;

/// One connection, as a tool backend that does not repeat its calls has it.
fn client(address: SocketAddr, core: &TestCore) -> Client {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let caller = TestCore::caller(&core.tools_token);
    BalanceServiceClient::with_interceptor(endpoint.connect_lazy(), caller)
}

fn upstream(address: SocketAddr) -> Upstream {
    Upstream {
        address,
        admin: None,
    }
}

/// Each proxy that is here, before these cores.
async fn proxies(cores: &[SocketAddr]) -> Vec<Proxy> {
    let cores: Vec<Upstream> = cores.iter().copied().map(upstream).collect();
    Proxy::each(&cores, &[upstream(SocketAddr::from(([127, 0, 0, 1], 9)))]).await
}

/// Charges under keys of its own, 64 at a time, while there is more to do, each so often at most.
/// Answers with how many were made, and what became of those that were lost.
async fn charged(
    client: &Client,
    prefix: &str,
    tries: usize,
    goes_on: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> (usize, Vec<Status>) {
    let (begun, goes_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(goes_on));
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let (mut client, prefix) = (client.clone(), prefix.to_owned());
        let (begun, goes_on) = (Arc::clone(&begun), Arc::clone(&goes_on));
        callers.spawn(async move {
            let (mut made, mut lost) = (0, Vec::new());
            loop {
                let number = begun.fetch_add(1, Ordering::Relaxed);
                if !goes_on(number) {
                    return (made, lost);
                }
                let request = charge("alice", &format!("{prefix}-{number}"), 1);
                let mut answer = client.charge(request.clone()).await;
                for _ in 1..tries {
                    if answer.as_ref().is_err_and(retry::may_help) {
                        answer = client.charge(request.clone()).await;
                    }
                }
                match answer {
                    Ok(_) => made += 1,
                    Err(status) => lost.push(status),
                }
            }
        });
    }
    let mut all = (0, Vec::new());
    while let Some(caller) = callers.join_next().await {
        let (made, lost) = caller.unwrap();
        all.0 += made;
        all.1.extend(lost);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thousands_of_calls_on_one_connection_through_a_shipped_proxy_none_is_lost() {
    const CALLS: usize = 4_000;
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", USD).await.without_limits().await;
    let mut left = USD;
    for proxy in proxies(&[core.address]).await {
        let client = client(proxy.grpc, &core);
        let (made, lost) = charged(&client, proxy.name, 1, |number| number < CALLS).await;
        assert!(
            lost.is_empty(),
            "{}: {} {:?}",
            proxy.name,
            lost.len(),
            lost.first()
        );
        assert_eq!(made, CALLS);
        left -= i64::try_from(CALLS).unwrap();
        assert_eq!(alice.available().await, left, "{}", proxy.name);
    }
    core.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_behind_a_shipped_proxy_is_told_as_one() {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    User::with(&core, "alice", USD).await;
    let mut owner = database.connect_as_owner().await;
    let mut transaction = owner.begin().await.unwrap();
    run(&mut transaction, "select from account for update")
        .await
        .unwrap();
    let mut backend = core.balance();
    let first = tokio::spawn(async move { backend.charge(charge("alice", "first", 1)).await });
    until_a_command_waits(&database).await;
    let proxies = proxies(&[core.address]).await;
    let mut calls = JoinSet::new();
    for proxy in &proxies {
        let (mut client, name) = (client(proxy.grpc, &core), proxy.name);
        let mut hasty = Request::new(charge("alice", name, 1));
        hasty.set_timeout(Duration::from_millis(1_200));
        calls.spawn(async move { (name, client.charge(hasty).await.unwrap_err()) });
    }
    while let Some(refused) = calls.join_next().await {
        let (name, status) = refused.unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{name}: {status:?}");
        assert_eq!(reason(&status), "DEADLINE_EXCEEDED", "{name}");
    }
    transaction.commit().await.unwrap();
    first.await.unwrap().unwrap();
    core.stop().await;
}

/// A core that is killed once it has read a call; counts these.
async fn dying(counted: &Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counted = Arc::clone(counted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                // Empty SETTINGS, for which HAProxy waits.
                let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
                stream.write_all(&settings).await.unwrap();
                let (mut bytes, mut read) = ([0; 1024], 0);
                // More than a connection begins with.
                while read < 200 {
                    match stream.read(&mut bytes).await {
                        Ok(more) if more > 0 => read += more,
                        _ => return,
                    }
                }
                counted.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_core_dies_under_it_is_made_at_no_other_core_by_a_shipped_proxy() {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let counted = Arc::new(AtomicUsize::new(0));
    let cores = [dying(&counted).await, dying(&counted).await];
    for proxy in proxies(&cores).await {
        counted.store(0, Ordering::SeqCst);
        let mut client = client(proxy.grpc, &core);
        let lost = client.charge(charge("alice", "key", 1)).await.unwrap_err();
        assert_eq!(lost.code(), Code::Unavailable, "{}: {lost:?}", proxy.name);
        assert_eq!(counted.load(Ordering::SeqCst), 1, "{}", proxy.name);
    }
    core.stop().await;
}

/// Passes connections on and counts them.
async fn counted_way(to: SocketAddr, count: &Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::clone(count));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut core = TcpStream::connect(to).await.unwrap();
            client.set_nodelay(true).unwrap();
            core.set_nodelay(true).unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut core).await });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_of_some_age_is_followed_by_another_and_no_call_is_lost() {
    const AGES: Duration = Duration::from_millis(2_700);
    let database = TestDatabase::new().await;
    let core = TestCore::start_with(&database, &["--connection-age-secs", "1"]).await;
    let alice = User::with(&core, "alice", USD).await.without_limits().await;
    let connections = Arc::new(AtomicUsize::new(0));
    let way = counted_way(core.address, &connections).await;
    let proxies = proxies(&[core.address]).await;
    // tonic gives up what has not left it when its connection ends: who reaches a core directly asks again.
    let mut ways = vec![("no proxy", way, 2)];
    // HAProxy 2.6 refuses what it was about to send: it spreads calls itself, and needs no age.
    let nginx = proxies.iter().filter(|proxy| proxy.name == "nginx");
    ways.extend(nginx.map(|proxy| (proxy.name, proxy.grpc, 1)));
    let mut left = USD;
    for (name, address, tries) in ways {
        let until = Instant::now() + AGES;
        let client = client(address, &core);
        let (made, lost) = charged(&client, name, tries, move |_| Instant::now() < until).await;
        assert!(
            lost.is_empty(),
            "{name}: {} of {made}, {:?}",
            lost.len(),
            lost.first()
        );
        left -= i64::try_from(made).unwrap();
        assert_eq!(alice.available().await, left, "{name}");
    }
    let connections = connections.load(Ordering::SeqCst);
    assert!((3..=4).contains(&connections), "{connections}");
    core.stop().await;
    assert_books_are_right(&database).await;
}

#[tokio::test]
async fn a_core_that_leaves_says_so_at_once_and_takes_what_still_comes() {
    let database = TestDatabase::new().await;
    let core = TestCore::start(&database).await;
    let alice = User::with(&core, "alice", USD).await;
    let until = Instant::now() + Duration::from_secs(5);
    while !core.readiness.is_ready() {
        assert!(Instant::now() < until, "not ready");
        sleep(Duration::from_millis(10)).await;
    }
    core.readiness.leave();
    assert!(!core.readiness.is_ready());
    // Over a connection that begins now.
    let mut late = client(core.address, &core);
    late.charge(charge("alice", "late", 1)).await.unwrap();
    // The round that finds a core ready makes none of one that leaves.
    sleep(Duration::from_millis(600)).await;
    assert!(!core.readiness.is_ready());
    assert_eq!(alice.available().await, USD - 1);
    core.stop().await;
}
