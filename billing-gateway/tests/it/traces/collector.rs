//! An OpenTelemetry collector, which is the world outside: the published protocol's server.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// What it was sent, as it came.
#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

/// A span, and the service that sent it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) service: String,
    pub(crate) instance: String,
    pub(crate) span: Span,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Serves until the runtime of the test ends.
    pub(crate) async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self::default();
        let server = Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(server);
        (collector, url)
    }

    /// Everything that it was sent, as text.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.0.lock().unwrap())
    }

    pub(crate) fn spans(&self) -> Vec<Sent> {
        let exports = self.0.lock().unwrap().clone();
        let resources = exports.into_iter().flat_map(|export| export.resource_spans);
        let mut sent = Vec::new();
        for resource in resources {
            let about = resource.resource.unwrap().attributes;
            let service = text(&about, "service.name");
            let instance = text(&about, "service.instance.id");
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                sent.push(Sent {
                    service: service.clone(),
                    instance: instance.clone(),
                    span,
                });
            }
        }
        sent
    }
}

impl Sent {
    /// The attribute's value as text; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> String {
        text(&self.span.attributes, name)
    }

    pub(crate) fn is_linked_to(&self, other: &Self) -> bool {
        let mut links = self.span.links.iter();
        links.any(|link| {
            (&link.trace_id, &link.span_id) == (&other.span.trace_id, &other.span.span_id)
        })
    }
}

pub(crate) fn hex(id: &[u8]) -> String {
    let mut text = String::new();
    for byte in id {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let mut named = attributes.iter().filter(|attribute| attribute.key == name);
    let Some(attribute) = named.next() else {
        return String::new();
    };
    assert!(named.next().is_none(), "{name} twice: {attributes:?}");
    match attribute.value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => unreachable!("{other:?}"),
    }
}
