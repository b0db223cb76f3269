//! The way to an OpenTelemetry collector, and which traces take it.

use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::{
    Link, SpanBuilder, SpanKind, TraceContextExt as _, TraceId, TracerProvider as _,
};
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler as Root, SamplingDecision, SamplingResult, SdkTracer, SdkTracerProvider, ShouldSample,
    Span, SpanData, SpanExporter as Exporter,
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::slow::Allowance;
use crate::trace::TraceContext;

/// How long one export may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the last one may take, when the process ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the log says that the collector takes nothing.
const FAILURE_PERIOD: Duration = Duration::from_mins(1);

const INSTANCE: Key = Key::from_static_str("service.instance.id");

static EXPORT: OnceLock<Export> = OnceLock::new();

/// Which traces are recorded, by OpenTelemetry's names: those that the caller records, or others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampler {
    follows_caller: bool,
    others: Others,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    All,
    None,
    Ratio,
}

impl Default for Sampler {
    fn default() -> Self {
        Self {
            follows_caller: true,
            others: Others::All,
        }
    }
}

impl FromStr for Sampler {
    type Err = &'static str;

    /// Nothing is the default, as OpenTelemetry has it for all its variables.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if name.is_empty() {
            return Ok(Self::default());
        }
        let own = name.strip_prefix("parentbased_");
        let others = match own.unwrap_or(name) {
            "always_on" => Others::All,
            "always_off" => Others::None,
            "traceidratio" => Others::Ratio,
            _ => {
                return Err(
                    "not one of always_on, always_off, traceidratio, parentbased_always_on, \
                     parentbased_always_off and parentbased_traceidratio",
                );
            }
        };
        Ok(Self {
            follows_caller: own.is_some(),
            others,
        })
    }
}

/// The part of traces that a ratio records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio(f64);

impl Default for Ratio {
    fn default() -> Self {
        Self(1.0)
    }
}

impl FromStr for Ratio {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let ratio = text.parse().ok();
        let ratio = ratio.filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.map(Self).ok_or("not a number from 0 to 1")
    }
}

/// Where spans begin once they are exported.
pub(crate) struct Export {
    tracer: SdkTracer,
    decider: Decider,
}

impl Export {
    pub(crate) fn get() -> Option<&'static Self> {
        EXPORT.get()
    }

    /// Whether a span below this one is recorded. Of the first one of a trace, [`Export::start`] says it.
    pub(crate) fn wants(&self, parent: Option<TraceContext>) -> bool {
        parent.is_none_or(|parent| self.decider.wants(parent))
    }

    pub(crate) fn start(&self, builder: SpanBuilder, parent: Option<TraceContext>) -> Span {
        let context = Context::new();
        let context = match parent {
            Some(parent) => context.with_remote_span_context(parent.span_context()),
            None => context,
        };
        builder.start_with_context(&self.tracer, &context)
    }
}

/// Decides before a span is made, so that those which are not recorded cost next to nothing.
#[derive(Clone, Debug)]
struct Decider {
    follows_caller: bool,
    root: Root,
}

impl Decider {
    fn new(sampler: Sampler, ratio: Ratio) -> Self {
        Self {
            follows_caller: sampler.follows_caller,
            root: match sampler.others {
                Others::All => Root::AlwaysOn,
                Others::None => Root::AlwaysOff,
                Others::Ratio => Root::TraceIdRatioBased(ratio.0),
            },
        }
    }

    fn wants(&self, parent: TraceContext) -> bool {
        if self.follows_caller {
            return parent.is_sampled();
        }
        let trace_id = parent.span_context().trace_id();
        let kind = SpanKind::Internal;
        let decided = self.root.should_sample(None, trace_id, "", &kind, &[], &[]);
        decided.decision == SamplingDecision::RecordAndSample
    }
}

impl ShouldSample for Decider {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        // A span with a parent is wanted, else it were not made; and so is one that serves calls.
        let has_parent = parent.is_some_and(|parent| parent.span().span_context().is_valid());
        let root = if has_parent || !links.is_empty() {
            &Root::AlwaysOn
        } else {
            &self.root
        };
        root.should_sample(None, trace_id, name, kind, attributes, links)
    }
}

/// Keeps the export alive. The last spans are sent when it is dropped, for which it waits 2 seconds at
/// most.
#[derive(Debug)]
pub(crate) struct Exporting {
    provider: SdkTracerProvider,
    runtime: Option<Runtime>,
}

impl Exporting {
    /// Begins for the whole process.
    pub(crate) fn begin(
        endpoint: &str,
        service_name: &'static str,
        sampler: Sampler,
        ratio: Ratio,
    ) -> Result<Self, StartError> {
        // Of its own, since that of a service may have one thread, which waits for the last export.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        let exporter = match exporter(endpoint, &runtime) {
            Ok(exporter) => exporter,
            Err(error) => {
                // Dropped here, it would wait, and panic for it.
                runtime.shutdown_background();
                return Err(StartError::Exporter(error));
            }
        };
        let decider = Decider::new(sampler, ratio);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Patient::new(exporter))
            .with_sampler(decider.clone())
            .with_resource(resource(service_name))
            .build();
        let tracer = provider.tracer(service_name);
        // Whoever is second has found that logging was begun already.
        let _ = EXPORT.set(Export { tracer, decider });
        Ok(Self {
            provider,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "the last spans were not sent");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn exporter(endpoint: &str, runtime: &Runtime) -> Result<SpanExporter, ExporterBuildError> {
    let _entered = runtime.enter();
    SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        // The roots that the machine trusts; used for https only.
        .with_tls_config(ClientTlsConfig::new().with_enabled_roots())
        .with_timeout(EXPORT_TIMEOUT)
        .build()
}

/// Why the export could not begin.
pub(crate) enum StartError {
    Runtime(std::io::Error),
    Exporter(ExporterBuildError),
}

/// `OTEL_RESOURCE_ATTRIBUTES` adds to it, and may name the instance.
fn resource(service_name: &'static str) -> Resource {
    let resource = || {
        Resource::builder()
            .with_service_name(service_name)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
    };
    let named = resource().build();
    if named.get(&INSTANCE).is_some() {
        return named;
    }
    let instance = Uuid::new_v4().to_string();
    resource()
        .with_attribute(KeyValue::new(INSTANCE, instance))
        .build()
}

/// Says now and then that the collector takes nothing, where the library would with each batch. What was
/// not taken is dropped.
#[derive(Debug)]
struct Patient {
    exporter: SpanExporter,
    failures: Allowance,
}

impl Patient {
    fn new(exporter: SpanExporter) -> Self {
        Self {
            exporter,
            failures: Allowance::new(1, FAILURE_PERIOD),
        }
    }
}

impl Exporter for Patient {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        if let Err(error) = self.exporter.export(batch).await
            && let Some(left_out) = self.failures.admit()
        {
            tracing::warn!(%error, spans, left_out, "the collector took no spans");
        }
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::{Decider, Ratio, Sampler};
    use crate::trace::TraceContext;

    #[test]
    fn samplers_are_known_by_opentelemetrys_names() {
        let unrecorded = TraceContext::random();
        for (name, wanted) in [
            ("", false),
            ("parentbased_always_on", false),
            ("parentbased_traceidratio", false),
            ("always_on", true),
            ("traceidratio", true),
            ("always_off", false),
        ] {
            let decider = Decider::new(name.parse().unwrap(), Ratio::default());
            assert_eq!(decider.wants(unrecorded), wanted, "{name}");
        }
        for name in ["parentbased", "xray", "ALWAYS_ON"] {
            assert!(name.parse::<Sampler>().is_err(), "{name}");
        }
        for text in ["1.1", "-0.1", "NaN", "half"] {
            assert!(text.parse::<Ratio>().is_err(), "{text}");
        }
        let none = Decider::new("traceidratio".parse().unwrap(), "0".parse().unwrap());
        assert!(!none.wants(unrecorded));
    }
}
