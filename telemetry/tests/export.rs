//! Spans arrive at a collector. The collector is the world outside and is played here.

#![expect(clippy::unwrap_used, reason = "a test may end here")]

use std::time::Duration;

use billing_telemetry::log::{self, LogError, LogFormat, LogOptions};
use billing_telemetry::span::Span;
use billing_telemetry::trace::TraceContext;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0
            .send(request.into_inner())
            .map_err(|_| Status::unavailable("the test is over"))?;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Answers with what the next service is told.
fn write_one_span(endpoint: String, caller: TraceContext) -> TraceContext {
    let options = LogOptions {
        // It is not about spans.
        filter: "off".to_owned(),
        format: LogFormat::Json,
        otlp_endpoint: Some(endpoint),
        traces_sampler: Some("always_on".parse().unwrap()),
        traces_sampler_arg: None,
    };
    let guard = log::init(&options, "billing-test").unwrap();
    let again = log::init(&LogOptions::default(), "billing-test");
    assert!(matches!(again, Err(LogError::AlreadyStarted(_))));
    let span = Span::server(Some(caller), || "charge".to_owned());
    let sent_on = span.context().unwrap();
    span.end();
    drop(guard);
    sent_on
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_arrives_below_its_caller_when_the_guard_is_dropped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut exports) = mpsc::unbounded_channel();
    let server = tonic::transport::Server::builder()
        .add_service(TraceServiceServer::new(Collector(sender)))
        .serve_with_incoming(TcpListenerStream::new(listener));
    let server = tokio::spawn(server);

    let caller = TraceContext::random();
    let scene = tokio::task::spawn_blocking(move || {
        // One thread, which waits for the last export, as a core on a small machine has it.
        let alone = tokio::runtime::Builder::new_current_thread();
        let alone = { alone }.enable_all().build().unwrap();
        alone.block_on(async { write_one_span(endpoint, caller) })
    });
    let sent_on = scene.await.unwrap();

    let export = tokio::time::timeout(Duration::from_secs(5), exports.recv())
        .await
        .unwrap()
        .unwrap();
    server.abort();
    assert_eq!(export.resource_spans.len(), 1);
    let from = &export.resource_spans[0];
    let service = from.resource.as_ref().unwrap().attributes.iter();
    let service = service.clone().find(|known| known.key == "service.name");
    let service = service.unwrap().value.as_ref().unwrap().value.as_ref();
    assert_eq!(
        service,
        Some(&Value::StringValue("billing-test".to_owned()))
    );

    let spans: Vec<_> = from
        .scope_spans
        .iter()
        .flat_map(|scope| &scope.spans)
        .collect();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["charge"]);
    let span = spans[0];
    let trace_id = u128::from_be_bytes(span.trace_id.as_slice().try_into().unwrap());
    let number = |id: &[u8]| u64::from_be_bytes(id.try_into().unwrap());
    let exported = format!("00-{trace_id:032x}-{:016x}-01", number(&span.span_id));
    assert_eq!(sent_on.traceparent(), exported.as_str());
    let above = format!(
        "00-{trace_id:032x}-{:016x}-00",
        number(&span.parent_span_id)
    );
    assert_eq!(caller.traceparent(), above.as_str());
}
