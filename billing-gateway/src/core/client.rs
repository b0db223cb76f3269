//! The core over gRPC: one channel for all requests, a deadline on each call, and another try of
//! what found nobody there or was lost on its way.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use backon::{ExponentialBuilder, Retryable};
use billing_proto::{code, retry};
use billing_telemetry::span::Span;
use billing_telemetry::trace::{TRACEPARENT, TraceContext};
use secrecy::{ExposeSecret, SecretString};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::error::CoreError;
use super::settings::CoreConfig;
use crate::config_check::ConfigError;
use crate::problem::{ApiError, Outage};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
const RETRY_AFTER: Duration = Duration::from_millis(30);
/// Pauses double. More than one, since a proxy ends each connection after some calls, and the next one
/// may end under the second try.
const RETRIES_MAX: usize = 3;

/// The way to the core. Connects with the first call, and again by itself.
#[derive(Clone, Debug)]
pub(crate) struct CoreClient {
    channel: Channel,
    authorization: MetadataValue<Ascii>,
    timeout: Duration,
}

/// The core, within the trace of one request.
#[derive(Debug)]
pub(crate) struct Core {
    client: CoreClient,
    /// None: each call is a trace of its own.
    trace: Option<TraceContext>,
}

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rpc {
    /// The generated client's name, with its package.
    pub client: &'static str,
    pub method: &'static str,
}

impl Rpc {
    /// As the wire has it, but for the first slash.
    fn name(self) -> String {
        let service = self.client.strip_suffix("Client").unwrap_or(self.client);
        format!("{service}/{}", self.method)
    }
}

impl CoreClient {
    pub(crate) fn new(config: &CoreConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            channel: endpoint(config)?.connect_lazy(),
            authorization: bearer("BILLING_CORE_TOKEN", &config.token)?,
            timeout: config.timeout,
        })
    }

    /// The same way, as an administrator; none where the gateway has no token for it.
    pub(crate) fn administering(&self, config: &CoreConfig) -> Result<Option<Self>, ConfigError> {
        let Some(token) = &config.admin_token else {
            return Ok(None);
        };
        Ok(Some(Self {
            authorization: bearer("BILLING_CORE_ADMIN_TOKEN", token)?,
            ..self.clone()
        }))
    }

    /// Whether the core says that it serves.
    pub(crate) async fn check_health(&self, trace: TraceContext) -> Result<(), CoreError> {
        let request = HealthCheckRequest::default();
        let call =
            |channel, request| async move { HealthClient::new(channel).check(request).await };
        let rpc = Rpc {
            client: "grpc.health.v1.Health",
            method: "Check",
        };
        let response = self
            .call(self.timeout, rpc, Some(trace), request, call)
            .await?;
        if response.status() == ServingStatus::Serving {
            Ok(())
        } else {
            let answer = Arc::from(response.status().as_str_name());
            Err(CoreError::Away(Outage::CoreNotReady(answer)))
        }
    }

    /// The way itself, for whoever looks at the core and not at what it answers.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A request as calls send it.
    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let headers = request.metadata_mut();
        headers.insert("authorization", self.authorization.clone());
        request
    }

    /// The core, for what nobody has asked for.
    pub(crate) fn unasked(&self) -> Core {
        Core {
            client: self.clone(),
            trace: None,
        }
    }

    /// The core, for whoever sent a request.
    pub(super) fn asked(&self, request: &Parts) -> Core {
        Core {
            client: self.clone(),
            trace: request.extensions.get::<TraceContext>().copied(),
        }
    }

    /// Only for what may be repeated.
    async fn call<Req, Res, Fut>(
        &self,
        timeout: Duration,
        rpc: Rpc,
        trace: Option<TraceContext>,
        message: Req,
        send: impl Fn(Channel, tonic::Request<Req>) -> Fut,
    ) -> Result<Res, CoreError>
    where
        Req: Clone,
        Fut: Future<Output = Result<Response<Res>, Status>>,
    {
        let started = Instant::now();
        let span = Span::client(trace, || rpc.name());
        let open_span = span.end_on_drop();
        let traceparent = span.context_or(trace).map(|trace| trace.traceparent());
        let attempt = || {
            let mut request = self.request(message.clone());
            request.set_timeout(timeout.saturating_sub(started.elapsed()));
            let headers = request.metadata_mut();
            if let Some(traceparent) = traceparent.clone() {
                AsMut::<http::HeaderMap>::as_mut(headers).insert(TRACEPARENT, traceparent);
            }
            send(self.channel.clone(), request)
        };
        let again = ExponentialBuilder::new()
            .with_min_delay(RETRY_AFTER)
            .with_jitter()
            .with_max_times(RETRIES_MAX);
        let calls = attempt.retry(again).when(retry::may_help);
        // Also the time to connect is in it, which the call's own deadline does not cover.
        let ended = tokio::time::timeout(timeout, calls).await;
        let code = match &ended {
            Ok(Ok(_)) => Code::Ok,
            Ok(Err(status)) => status.code(),
            Err(_elapsed) => Code::DeadlineExceeded,
        };
        record(rpc, code, started, &span);
        drop(open_span);
        match ended {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(CoreError::from(status)),
            Err(_elapsed) => Err(CoreError::Away(Outage::CoreLate)),
        }
    }
}

fn bearer(
    setting: &'static str,
    token: &SecretString,
) -> Result<MetadataValue<Ascii>, ConfigError> {
    let bearer = format!("Bearer {}", token.expose_secret());
    let mut authorization: MetadataValue<Ascii> = bearer
        .parse()
        .map_err(|_not_ascii| ConfigError::NotAscii(setting))?;
    authorization.set_sensitive(true);
    Ok(authorization)
}

fn endpoint(config: &CoreConfig) -> Result<Endpoint, ConfigError> {
    let endpoint = Endpoint::from_shared(config.url.clone())
        .map_err(|_not_a_url| ConfigError::CoreUrl)?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    if endpoint.uri().scheme_str() != Some("https") {
        return Ok(endpoint);
    }
    let roots = match &config.ca {
        None => ClientTlsConfig::new().with_native_roots(),
        Some(path) => {
            let pem =
                std::fs::read(path).map_err(|error| ConfigError::CoreCa(error.to_string()))?;
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
        }
    };
    endpoint
        .tls_config(roots)
        .map_err(|error| ConfigError::CoreCa(error.to_string()))
}

fn record(rpc: Rpc, code: Code, started: Instant, span: &Span) {
    metrics::histogram!(
        "rpc.client.call.duration",
        "rpc.method" => rpc.method,
        "rpc.response.status_code" => code::name(code),
    )
    .record(started.elapsed());
    if span.is_recorded() {
        span.set("rpc.system.name", "grpc");
        span.set("rpc.method", rpc.name());
        span.set("rpc.response.status_code", code::name(code));
        if code != Code::Ok {
            span.fail(code::name(code));
        }
    }
}

impl Core {
    /// Itself, as [`super::AdminCore`] has it too.
    pub(super) fn core(&self) -> &Self {
        self
    }

    /// The same with more time for each call, for answers that have begun to be sent.
    pub(crate) fn waiting(mut self, timeout: Duration) -> Self {
        self.client.timeout = self.client.timeout.max(timeout);
        self
    }

    /// How long calls may take.
    pub(super) fn timeout(&self) -> Duration {
        self.client.timeout
    }

    pub(super) async fn call<Req, Res, Fut>(
        &self,
        timeout: Duration,
        rpc: Rpc,
        message: Req,
        send: impl Fn(Channel, tonic::Request<Req>) -> Fut,
    ) -> Result<Res, CoreError>
    where
        Req: Clone,
        Fut: Future<Output = Result<Response<Res>, Status>>,
    {
        self.client
            .call(timeout, rpc, self.trace, message, send)
            .await
    }
}

impl<S> FromRequestParts<S> for Core
where
    S: Sync,
    CoreClient: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(CoreClient::from_ref(state).asked(parts))
    }
}
