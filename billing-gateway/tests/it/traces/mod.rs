//! A request's trace, as a collector gets it from the gateway and the core, on a real database.

mod collector;
mod program;

use std::time::Duration;

use billing_testkit::TestDatabase;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use self::collector::{Collector, Sent, hex};
use self::program::Program;
use crate::gateway::{client, token_of};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER_TRACE: &str = "1bf7651916cd43dd8448eb211c80319c";
const BROWSER: &str = "b7ad6b7169203331";

/// What must be in no trace.
const USER: &str = "user-7f3a9c";
const EMAIL: &str = "olena-7f3a9c@example.org";
const QUERY: &str = "query-7f3a9c";

/// Changes a setting of `user`, which the core writes.
async fn changed(http: &Client, gateway: &Program, user: &str, traceparent: &str) -> Response {
    let url = format!("{}/api/billing/settings?note={QUERY}", gateway.url);
    let request = http
        .put(url)
        .bearer_auth(token_of(&json!({ "userId": user, "email": EMAIL })))
        .header("traceparent", traceparent)
        .json(&json!({ "daily_limit_usd": 7 }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

/// Waits until the collector's spans are as they should be.
async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what}: not in 20 s");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The one span of this kind that the service sent of the trace.
fn the_one(spans: &[Sent], service: &str, kind: SpanKind) -> Sent {
    let mut found = spans.iter().filter(|sent| {
        sent.service == service && sent.span.kind() == kind && hex(&sent.span.trace_id) == TRACE
    });
    let sent = found.next().unwrap_or_else(|| unreachable!("{spans:#?}"));
    assert!(found.next().is_none(), "{spans:#?}");
    sent.clone()
}

#[tokio::test]
async fn a_request_is_one_trace_from_the_browser_to_the_transaction_and_tells_nothing_of_the_user()
{
    let database = TestDatabase::new().await;
    let (collector, url) = Collector::start().await;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        // No log filter takes a part of a trace away.
        ("BILLING_LOG", "warn,billing_core=info,billing_gateway=info"),
        ("BILLING_SLOW_MS", "1"),
    ];
    let mut core = Program::core(&database, &settings).await;
    let mut gateway = Program::gateway(&core, &settings).await;
    let http = client();
    let unrecorded = format!("00-{OTHER_TRACE}-{BROWSER}-00");
    let answer = changed(&http, &gateway, USER, &unrecorded).await;
    assert_eq!(answer.headers()["x-request-id"], OTHER_TRACE);
    let answer = changed(&http, &gateway, USER, &format!("00-{TRACE}-{BROWSER}-01")).await;
    assert_eq!(answer.headers()["x-request-id"], TRACE);
    // Whatever has not been sent yet is sent now.
    assert!(gateway.stop().await.success());
    assert!(core.stop().await.success());

    let spans = collector.spans();
    let request = the_one(&spans, "billing-gateway", SpanKind::Server);
    assert_eq!(request.span.name, "PUT /api/billing/settings");
    assert_eq!(hex(&request.span.parent_span_id), BROWSER);
    assert_eq!(request.get("http.request.method"), "PUT");
    assert_eq!(request.get("http.route"), "/api/billing/settings");
    assert_eq!(request.get("http.response.status_code"), "200");

    let call = the_one(&spans, "billing-gateway", SpanKind::Client);
    let answered = the_one(&spans, "billing-core", SpanKind::Server);
    assert_eq!(call.span.parent_span_id, request.span.span_id);
    assert_eq!(answered.span.parent_span_id, call.span.span_id);
    for end in [&call, &answered] {
        assert_eq!(end.span.name, "billing.v1.AccountService/UpdateSettings");
        assert_eq!(end.get("rpc.system.name"), "grpc");
        assert_eq!(end.get("rpc.method"), end.span.name);
        assert_eq!(end.get("rpc.response.status_code"), "OK");
        assert!(
            end.span
                .status
                .as_ref()
                .is_none_or(|s| s.code() == StatusCode::Unset)
        );
    }

    let batches: Vec<_> = spans
        .iter()
        .filter(|sent| sent.span.name == "ledger.batch")
        .collect();
    let [batch] = batches.as_slice() else {
        unreachable!("{batches:#?}");
    };
    assert!(
        batch.is_linked_to(&answered) && answered.is_linked_to(batch),
        "{spans:#?}"
    );
    assert_ne!(batch.span.trace_id, answered.span.trace_id);
    assert!(batch.span.parent_span_id.is_empty());
    assert_eq!(batch.get("billing.batch.size"), "1");
    assert_eq!(batch.get("billing.batch.attempt"), "1");
    assert_eq!(batch.get("billing.batch.outcome"), "committed");
    assert_eq!(batch.get("billing.lane"), "0");

    let all = collector.text();
    let token = token_of(&json!({ "userId": USER }));
    for secret in [
        USER,
        EMAIL,
        QUERY,
        "Bearer",
        &token,
        "127.0.0.1",
        OTHER_TRACE,
        "of-an-open-core",
    ] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    // Other than a metric, a slow line leads to its trace.
    let slow = |program: &Program, message: &str, of: &Sent| {
        let lines = program.lines(message);
        let line = lines.iter().find(|line| line["trace_id"] == TRACE);
        assert_eq!(line.unwrap()["span_id"], hex(&of.span.span_id), "{lines:?}");
    };
    slow(&gateway, "slow request", &request);
    slow(&core, "slow call", &answered);
}

#[tokio::test]
async fn calls_that_share_a_transaction_or_a_query_are_all_linked_to_it() {
    let database = TestDatabase::new().await;
    let (collector, url) = Collector::start().await;
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())];
    let core = Program::core(&database, &settings).await;
    let gateway = Program::gateway(&core, &settings).await;
    let http = client();
    let traceparent = format!("00-{TRACE}-{BROWSER}-01");
    let read = |n: u32| {
        let url = format!("{}/api/billing/balance", gateway.url);
        let token = token_of(&json!({ "userId": format!("user-{n}") }));
        http.get(url)
            .bearer_auth(token)
            .header("traceparent", &traceparent)
            .send()
    };
    for name in ["ledger.batch", "ledger.read"] {
        let until = Instant::now() + Duration::from_secs(20);
        let shared = loop {
            let users = (0..16).map(async |n| {
                changed(&http, &gateway, &format!("user-{n}"), &traceparent).await;
                assert_eq!(read(n).await.unwrap().status(), 200);
            });
            futures_of(users).await;
            let shared = collector
                .spans()
                .into_iter()
                .find(|sent| sent.span.name == name && sent.span.links.len() > 1);
            if let Some(shared) = shared {
                break shared;
            }
            assert!(Instant::now() < until, "no two share a {name} in 20 s");
        };
        assert_eq!(
            shared.get("billing.batch.size"),
            shared.span.links.len().to_string()
        );
        assert_eq!(shared.get("db.system.name"), "postgresql");
        let linked = eventually("each call is linked with it", || {
            let spans = collector.spans();
            let calls = spans.iter().filter(|call| shared.is_linked_to(call));
            let calls = calls.filter(|call| call.is_linked_to(&shared)).count();
            (calls == shared.span.links.len()).then_some(calls)
        });
        assert!(linked.await > 1);
    }
}

/// All of them at the same time.
async fn futures_of<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if futures.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[tokio::test]
async fn a_collector_that_hangs_or_is_away_delays_no_answer_and_no_end() {
    let database = TestDatabase::new().await;
    // Connections wait in the backlog, and are never answered.
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}", hanging.local_addr().unwrap());
    let away = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let small = ("OTEL_BSP_MAX_QUEUE_SIZE", "64");
    let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let mut core = Program::core(&database, &[(endpoint, &hanging), small]).await;
    let mut gateway = Program::gateway(&core, &[(endpoint, &away), small]).await;
    let http = client();
    let warned = eventually_of(&http, &gateway).await;
    assert_eq!(warned["level"], "WARN");
    for _ in 0..100 {
        let asked = Instant::now();
        changed(&http, &gateway, USER, &format!("00-{TRACE}-{BROWSER}-01")).await;
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{:?}",
            asked.elapsed()
        );
    }
    for program in [&mut gateway, &mut core] {
        let asked = Instant::now();
        assert!(program.stop().await.success());
        assert!(
            asked.elapsed() < Duration::from_millis(2800),
            "{:?}",
            asked.elapsed()
        );
        assert!(program.lines("the collector took no spans").len() <= 1);
    }
}

/// Asks until the gateway says that the collector is away.
async fn eventually_of(http: &Client, gateway: &Program) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        changed(http, gateway, USER, &format!("00-{TRACE}-{BROWSER}-01")).await;
        if let Some(line) = gateway.lines("the collector took no spans").pop() {
            return line;
        }
        assert!(Instant::now() < until, "no warning in 20 s");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn without_a_collector_slow_answers_are_told_of_with_the_callers_trace_and_quick_ones_are_not()
 {
    let database = TestDatabase::new().await;
    let core = Program::core(&database, &[("BILLING_SLOW_MS", "1")]).await;
    let gateway = Program::gateway(&core, &[("BILLING_SLOW_MS", "60000")]).await;
    let http = client();
    let traceparent = format!("00-{TRACE}-{BROWSER}-01");
    let until = Instant::now() + Duration::from_secs(20);
    let line = loop {
        changed(&http, &gateway, USER, &traceparent).await;
        if let Some(line) = core.lines("slow call").pop() {
            break line;
        }
        assert!(Instant::now() < until, "no slow call in 20 s");
    };
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["span_id"], Value::Null);
    assert_eq!(line["rpc"], "billing.v1.AccountService/UpdateSettings");
    assert_eq!(line["code"], "Ok");
    assert_eq!(gateway.lines("slow request"), [Value::Null; 0]);
}
