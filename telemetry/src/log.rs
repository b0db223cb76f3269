//! Logs on stderr, as text or as JSON lines, and spans to an OpenTelemetry collector.

use std::fmt;
use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};
use opentelemetry_otlp::ExporterBuildError;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer, fmt as fmt_layer};

use crate::otlp::{Exporting, Ratio, Sampler, StartError};
use crate::span;

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

    /// Where spans are sent (OTLP over gRPC, `http://` or `https://`); absent or empty: nowhere
    #[arg(long, value_parser = endpoint, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// Which traces are recorded: `always_on`, `always_off`, `traceidratio`, and with `parentbased_`
    /// before it those that the caller records, whatever they are; absent: `parentbased_always_on`
    #[arg(long, env = "OTEL_TRACES_SAMPLER", value_name = "SAMPLER")]
    pub traces_sampler: Option<Sampler>,

    /// The part of traces that a `traceidratio` records, from 0 to 1; absent: 1
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "RATIO")]
    pub traces_sampler_arg: Option<Ratio>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::default(),
            otlp_endpoint: None,
            traces_sampler: None,
            traces_sampler_arg: None,
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
    #[error("no thread can be had to send spans with")]
    Runtime(#[source] std::io::Error),
    #[error("logging was started twice in one process")]
    AlreadyStarted(#[source] TryInitError),
}

/// Nothing is as good as no setting.
fn endpoint(text: &str) -> Result<String, &'static str> {
    let is_url = ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    });
    if is_url || text.is_empty() {
        Ok(text.to_owned())
    } else {
        Err("not an `http://` or `https://` URL")
    }
}

/// Keeps the export of spans alive; the last ones are sent when it is dropped, for which it waits 2
/// seconds at most. Hold it in `main` until everything else has ended.
#[must_use = "spans that are not yet sent are lost with the guard"]
#[derive(Debug)]
pub struct LogGuard(#[expect(dead_code, reason = "it is dropped")] Option<Exporting>);

/// Starts logging for the whole process, and the export of spans where there is an endpoint. A collector
/// that is away does not stop the service: its spans are dropped, and a warning is logged now and then.
pub fn init(options: &LogOptions, service_name: &'static str) -> Result<LogGuard, LogError> {
    // What it says of each batch that a collector does not take is said once a minute by `otlp`. lapin says all of
    // an event that comes back, whose it is and the amounts; the relay says what has to be known of it.
    let filter: Targets = format!(
        "opentelemetry-otlp=off,lapin::returned_messages=off,{}",
        options.filter
    )
    .parse()
    .map_err(|source| LogError::Filter {
        filter: options.filter.clone(),
        source,
    })?;
    tracing_subscriber::registry()
        .with(filter)
        .with(lines(options.format))
        .try_init()
        .map_err(LogError::AlreadyStarted)?;
    let endpoint = options.otlp_endpoint.as_deref();
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else {
        return Ok(LogGuard(None));
    };
    let sampler = options.traces_sampler.unwrap_or_default();
    let ratio = options.traces_sampler_arg.unwrap_or_default();
    match Exporting::begin(endpoint, service_name, sampler, ratio) {
        Ok(exporting) => Ok(LogGuard(Some(exporting))),
        Err(StartError::Runtime(source)) => Err(LogError::Runtime(source)),
        Err(StartError::Exporter(source)) => Err(LogError::Exporter {
            endpoint: endpoint.to_owned(),
            source,
        }),
    }
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
            .map_event_format(InTrace)
            .with_writer(std::io::stderr)
            .boxed(),
    }
}

/// JSON lines that say first which trace and which span the task works for that wrote them.
struct InTrace(Format<Json>);

impl<S, N> FormatEvent<S, N> for InTrace
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(trace) = span::current_trace() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        write!(writer, "{{\"trace_id\":\"{}\",", trace.trace_id())?;
        if span::current_is_recorded() {
            write!(writer, "\"span_id\":\"{}\",", trace.span_id())?;
        }
        writer.write_str(line.strip_prefix('{').unwrap_or(&line))
    }
}
