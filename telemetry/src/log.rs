//! Logs on stderr, as text or as JSON lines, and spans to an OpenTelemetry collector.

use std::fmt;
use std::io::IsTerminal as _;
use std::time::Duration;

use clap::{Args, ValueEnum};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer, fmt as fmt_layer};

/// How long one export, and the last flush on shutdown, may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// Crates of the way to the collector. Their spans are never exported: each export would cause
/// the next one.
const EXPORT_PATH: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "opentelemetry_otlp",
    "opentelemetry_sdk",
    "tonic",
    "tower",
];

/// The settings of logging, to be flattened into a service's own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs and traces")]
pub struct LogOptions {
    /// What is logged: a level, or `target=level` pairs separated by commas
    #[arg(
        id = "log",
        long = "log",
        env = "BILLING_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub filter: String,

    /// How a line looks
    #[arg(
        id = "log_format",
        long = "log-format",
        env = "BILLING_LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t
    )]
    pub format: LogFormat,

    /// Where spans are sent (OTLP over gRPC, `http://` or `https://`); absent: nowhere
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::default(),
            otlp_endpoint: None,
        }
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people: coloured where stderr is a terminal and `NO_COLOR` is not set.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the log filter `{filter}` is not valid")]
    Filter {
        filter: String,
        #[source]
        source: ParseError,
    },
    #[error("spans cannot be sent to the OTLP endpoint `{endpoint}`")]
    Exporter {
        endpoint: String,
        #[source]
        source: ExporterBuildError,
    },
    #[error("logging was started twice in one process")]
    AlreadyStarted(#[source] TryInitError),
}

/// Keeps the export of spans alive; the last ones are sent when it is dropped, which takes at
/// most 3 seconds. Hold it in `main` until everything else has ended.
#[must_use = "spans that are not yet sent are lost with the guard"]
pub struct LogGuard {
    spans: Option<SdkTracerProvider>,
}

impl fmt::Debug for LogGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogGuard")
            .field("exports_spans", &self.spans.is_some())
            .finish()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(spans) = &self.spans
            && let Err(error) = spans.shutdown_with_timeout(EXPORT_TIMEOUT)
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Starts logging for the whole process. With an OTLP endpoint it must be called inside a
/// multi-threaded Tokio runtime, which then carries the export. A collector that is away does not
/// stop the service: its spans are dropped and a warning is logged.
pub fn init(options: &LogOptions, service_name: &'static str) -> Result<LogGuard, LogError> {
    let filter = EnvFilter::builder()
        .parse(&options.filter)
        .map_err(|source| LogError::Filter {
            filter: options.filter.clone(),
            source,
        })?;
    let spans = match &options.otlp_endpoint {
        Some(endpoint) => Some(exporting_to(endpoint, service_name)?),
        None => None,
    };
    let export = spans.as_ref().map(|spans| {
        tracing_opentelemetry::layer()
            .with_tracer(spans.tracer(service_name))
            .with_filter(filter_fn(|metadata| is_exported(metadata.target())))
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(export)
        .with(lines(options.format))
        .try_init()
        .map_err(LogError::AlreadyStarted)?;
    Ok(LogGuard { spans })
}

/// Whether what comes from this module path does not belong to the way to the collector.
fn is_exported(target: &str) -> bool {
    let origin = target.split("::").next().unwrap_or_default();
    !EXPORT_PATH.contains(&origin)
}

fn exporting_to(endpoint: &str, service_name: &'static str) -> Result<SdkTracerProvider, LogError> {
    // The roots that the machine trusts; used for https only.
    let tls = ClientTlsConfig::new().with_enabled_roots();
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_tls_config(tls)
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .map_err(|source| LogError::Exporter {
            endpoint: endpoint.to_owned(),
            source,
        })?;
    let resource = Resource::builder()
        .with_service_name(service_name)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

/// Where and how lines are written: stderr, since stdout belongs to what a command answers.
fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    match format {
        LogFormat::Text => {
            let mut layer = fmt_layer::layer().with_writer(std::io::stderr);
            // A terminal gets colours unless NO_COLOR forbids them: the layer's own default.
            if !std::io::stderr().is_terminal() {
                layer.set_ansi(false);
            }
            layer.boxed()
        }
        LogFormat::Json => fmt_layer::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .with_writer(std::io::stderr)
            .boxed(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_exported;

    #[test]
    fn an_export_causes_no_further_one() {
        for target in ["h2", "hyper_util::client::legacy", "tonic::transport"] {
            assert!(!is_exported(target), "{target}");
        }
        for target in ["billing_core::ledger", "tower_http::trace", "h2o"] {
            assert!(is_exported(target), "{target}");
        }
    }
}
