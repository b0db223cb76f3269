//! A request's trace, as a collector gets it from the gateway and the core, on a real database.

mod collector;
mod program;

use std::time::Duration;

use billing_sandbox::{Options, Sandbox};
use billing_testkit::TestDatabase;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
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
async fn changed(http: &Client, gateway: &str, user: &str, traceparent: &str) -> Response {
    let url = format!("{gateway}/api/billing/settings?note={QUERY}");
    let request = http
        .put(url)
        .bearer_auth(token_of(&json!({ "userId": user, "email": EMAIL })))
        .header("traceparent", traceparent)
        .json(&json!({ "daily_limit_usd": 7 }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

/// What `look` finds in the end; it may do something each time.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look().await {
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

/// A recorded change by way of both services, which have ended since.
struct Change {
    collector: Collector,
    gateway: Program,
    core: Program,
}

impl Change {
    async fn made() -> Self {
        let database = TestDatabase::new().await;
        let (collector, url) = Collector::start().await;
        let settings = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
            ("BILLING_SLOW_MS", "1"),
        ];
        let mut core = Program::core(&database, &settings).await;
        let mut gateway = Program::gateway(&core, &settings).await;
        let http = client();
        for (trace, flags) in [(OTHER_TRACE, "00"), (TRACE, "01")] {
            let traceparent = format!("00-{trace}-{BROWSER}-{flags}");
            let answer = changed(&http, &gateway.url, USER, &traceparent).await;
            assert_eq!(answer.headers()["x-request-id"], trace);
        }
        // Whatever has not been sent yet is sent now.
        assert!(gateway.stop().await.success());
        assert!(core.stop().await.success());
        Self {
            collector,
            gateway,
            core,
        }
    }
}

#[tokio::test]
async fn a_request_is_one_trace_from_the_browser_to_the_transaction() {
    let spans = Change::made().await.collector.spans();
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
    assert_ne!(call.instance, answered.instance);
    for end in [&call, &answered] {
        assert_eq!(end.span.name, "billing.v1.AccountService/UpdateSettings");
        assert_eq!(end.get("rpc.system.name"), "grpc");
        assert_eq!(end.get("rpc.method"), end.span.name);
        assert_eq!(end.get("rpc.response.status_code"), "OK");
        assert_eq!(end.get("error.type"), "");
    }

    let batches = spans.iter().filter(|sent| sent.span.name == "ledger.batch");
    let batches: Vec<_> = batches.collect();
    let [batch] = batches.as_slice() else {
        unreachable!("{batches:#?}");
    };
    assert!(batch.is_linked_to(&answered), "{spans:#?}");
    assert!(answered.is_linked_to(batch), "{spans:#?}");
    assert_ne!(batch.span.trace_id, answered.span.trace_id);
    assert!(batch.span.parent_span_id.is_empty());
    assert_eq!(batch.get("billing.batch.size"), "1");
    assert_eq!(batch.get("billing.batch.attempt"), "1");
    assert_eq!(batch.get("billing.batch.outcome"), "committed");
    assert_eq!(batch.get("billing.lane"), "0");
}

#[tokio::test]
async fn a_trace_tells_nothing_of_the_user_and_slow_lines_lead_to_it() {
    let change = Change::made().await;
    let spans = change.collector.spans();
    let recorded = |sent: &Sent| hex(&sent.span.trace_id) != OTHER_TRACE;
    assert!(spans.iter().all(recorded), "{spans:#?}");
    let all = change.collector.text();
    // The fifth is how each of the users' tokens begins.
    let secrets = [
        USER,
        EMAIL,
        QUERY,
        "Bearer",
        "eyJ",
        "127.0.0.1",
        "of-an-open-core",
    ];
    for secret in secrets {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    for (program, service, message) in [
        (&change.gateway, "billing-gateway", "slow request"),
        (&change.core, "billing-core", "slow call"),
    ] {
        let span = the_one(&spans, service, SpanKind::Server).span.span_id;
        let lines = program.lines(message);
        let line = lines.iter().find(|line| line["trace_id"] == TRACE);
        assert_eq!(line.unwrap()["span_id"], hex(&span), "{lines:?}");
    }
}

#[tokio::test]
async fn calls_that_share_a_transaction_or_a_query_are_all_linked_to_it() {
    let database = TestDatabase::new().await;
    let (collector, url) = Collector::start().await;
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())];
    let core = Program::core(&database, &settings).await;
    let gateway = Program::gateway(&core, &settings).await;
    let (http, gateway) = (client(), gateway.url.clone());
    for name in ["ledger.batch", "ledger.read"] {
        let shared = eventually(name, async || {
            let mut requests = JoinSet::new();
            for n in 0..16 {
                requests.spawn(changed_and_read(http.clone(), gateway.clone(), n));
            }
            requests.join_all().await;
            let mut spans = collector.spans().into_iter();
            spans.find(|sent| sent.span.name == name && sent.span.links.len() > 1)
        });
        let shared = shared.await;
        let size = shared.span.links.len();
        assert_eq!(shared.get("billing.batch.size"), size.to_string());
        assert_eq!(shared.get("db.system.name"), "postgresql");
        eventually("each call is linked with it", async || {
            let spans = collector.spans();
            let calls = spans.iter().filter(|call| shared.is_linked_to(call));
            let calls = calls.filter(|call| call.is_linked_to(&shared));
            (calls.count() == size).then_some(())
        })
        .await;
    }
}

async fn changed_and_read(http: Client, gateway: String, n: u32) {
    let (user, traceparent) = (format!("user-{n}"), format!("00-{TRACE}-{BROWSER}-01"));
    changed(&http, &gateway, &user, &traceparent).await;
    let request = http
        .get(format!("{gateway}/api/billing/balance"))
        .bearer_auth(token_of(&json!({ "userId": user })))
        .header("traceparent", traceparent);
    assert_eq!(request.send().await.unwrap().status(), 200);
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
    let traceparent = format!("00-{TRACE}-{BROWSER}-01");
    let warned = eventually("a warning", async || {
        changed(&http, &gateway.url, USER, &traceparent).await;
        gateway.lines("the collector took no spans").pop()
    });
    let warned = warned.await;
    assert_eq!(warned["level"], "WARN");
    for _ in 0..100 {
        let asked = Instant::now();
        changed(&http, &gateway.url, USER, &traceparent).await;
        assert!(
            asked.elapsed() < Duration::from_secs(2),
            "{:?}",
            asked.elapsed()
        );
    }
    for program in [&mut gateway, &mut core] {
        let asked = Instant::now();
        assert!(program.stop().await.success());
        assert!(
            asked.elapsed() < Duration::from_secs(4),
            "{:?}",
            asked.elapsed()
        );
        assert!(program.lines("the collector took no spans").len() <= 1);
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
    let line = eventually("a slow call", async || {
        changed(&http, &gateway.url, USER, &traceparent).await;
        core.lines("slow call").pop()
    });
    let line = line.await;
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["span_id"], Value::Null);
    assert_eq!(line["rpc"], "billing.v1.AccountService/UpdateSettings");
    assert_eq!(line["code"], "Ok");
    assert_eq!(gateway.lines("slow request"), [Value::Null; 0]);
}

#[tokio::test]
async fn the_way_to_a_provider_and_back_is_traced_without_a_secret() {
    let (secret_key, webhook_secret) = ("sk_test_7f3a9c", "whsec_7f3a9c");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options::new(secret_key.into(), webhook_secret.into());
    let sandbox = Sandbox::start(listener, options).unwrap();
    let database = TestDatabase::new().await;
    let (collector, url) = Collector::start().await;
    let export = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    let mut core = Program::core(&database, &[export]).await;
    let api = sandbox.url();
    let settings = [
        export,
        ("STRIPE_SECRET_KEY", secret_key),
        ("STRIPE_WEBHOOK_SECRET", webhook_secret),
        ("STRIPE_API_URL", &api),
    ];
    let mut gateway = Program::gateway(&core, &settings).await;
    sandbox.set_webhook_urls(vec![format!("{}/webhooks/stripe", gateway.url)]);
    let reference = paid(&gateway.url, &api).await;
    let named = |name: &str| {
        collector
            .spans()
            .into_iter()
            .find(|sent| sent.span.name == name)
    };
    let webhook = eventually("the webhook", async || named("POST /webhooks/{provider}")).await;
    assert!(gateway.stop().await.success());
    assert!(core.stop().await.success());

    let created = the_one(&collector.spans(), "billing-gateway", SpanKind::Server);
    let asked = named("stripe create_payment").unwrap();
    assert_eq!(asked.span.kind(), SpanKind::Client);
    assert_eq!(asked.span.parent_span_id, created.span.span_id);
    assert_eq!(asked.get("http.request.method"), "POST");
    assert_eq!(asked.get("http.response.status_code"), "200");
    assert_eq!(asked.get("server.address"), "127.0.0.1");
    assert_eq!(webhook.get("billing.provider"), "stripe");
    assert_ne!(webhook.get("billing.webhook.outcome"), "");
    let events = named("payment.events").unwrap();
    assert_eq!(events.get("billing.batch.outcome"), "committed");
    let spans = collector.spans();
    let applied = spans
        .iter()
        .find(|sent| sent.service == "billing-core" && events.is_linked_to(sent));
    let applied = applied.unwrap();
    assert_eq!(
        applied.span.name,
        "billing.v1.PaymentService/ApplyProviderEvent"
    );
    assert!(applied.is_linked_to(&events));
    let all = collector.text();
    for secret in [USER, EMAIL, secret_key, webhook_secret, &reference] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

/// A top-up that is paid; the provider's name of it.
async fn paid(gateway: &str, provider: &str) -> String {
    let http = client();
    let request = http
        .post(format!("{gateway}/api/billing/payment/stripe/create"))
        .bearer_auth(token_of(&json!({ "userId": USER, "email": EMAIL })))
        .header("traceparent", format!("00-{TRACE}-{BROWSER}-01"))
        .json(&json!({ "amount_usd": 25 }));
    let created: Value = request.send().await.unwrap().json().await.unwrap();
    let reference = created["paymentIntentId"].as_str().unwrap();
    let pay = format!("{provider}/sandbox/payments/{reference}/pay");
    let paid = http.post(pay).json(&json!({})).send().await.unwrap();
    assert!(paid.status().is_success());
    reference.to_owned()
}
