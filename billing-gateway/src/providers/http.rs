//! HTTP to providers: bounded in time and size, never led elsewhere, sent again where that does no harm,
//! and measured.

use std::error::Error;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use backon::{ExponentialBuilder, Retryable};
use billing_telemetry::span::{Span, current_trace};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, Url};

use super::ProviderError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Pauses double.
const RETRY_AFTER: Duration = Duration::from_millis(150);

/// The way to a provider.
#[derive(Debug)]
pub(super) struct Http {
    /// The provider, in metrics and the log.
    provider: &'static str,
    /// Where it is, in traces.
    host: String,
    client: reqwest::Client,
    bounds: Bounds,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// For a request with all its repetitions.
    pub total_timeout: Duration,
    pub answer_bytes_max: usize,
}

/// Why one attempt gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure<R: Refusal> {
    #[error("no whole answer came")]
    Transport(#[from] reqwest::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error(transparent)]
    Refused(R),
}

/// How a provider says no, or nothing that can be used.
pub(super) trait Refusal: Error + Send + Sync + 'static {
    /// Whether the same request may fare better a moment later.
    fn may_pass(&self) -> bool;

    /// Its code, where it is about the request itself: nothing was done, and nothing would be if it came
    /// again.
    fn final_code(&self) -> Option<&str>;
}

impl Http {
    /// To `api_url`, with what every request carries.
    pub(super) fn new(
        provider: &'static str,
        api_url: &Url,
        headers: HeaderMap,
        bounds: Bounds,
    ) -> Result<Self, reqwest::Error> {
        let mut client = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("billing-gateway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(bounds.total_timeout)
            .redirect(Policy::none());
        if api_url.scheme() == "http" {
            // Plain HTTP is for loopback alone.
            client = client.no_proxy();
        }
        Ok(Self {
            provider,
            host: api_url.host_str().unwrap_or_default().to_owned(),
            client: client.build()?,
            bounds,
        })
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// One attempt of `call`: its answer, whatever it says, and the body of that.
    pub(super) async fn attempt<R: Refusal>(
        &self,
        call: &'static str,
        request: RequestBuilder,
    ) -> Result<(Response, Vec<u8>), Failure<R>> {
        let request = request.build()?;
        let span = Span::client(current_trace(), || format!("{} {call}", self.provider));
        let _open = span.end_on_drop();
        if span.is_recorded() {
            // Not its address, which holds ids.
            span.set("http.request.method", request.method().to_string());
            span.set("server.address", self.host.clone());
        }
        let answered = self.answer(request).await;
        match &answered {
            Ok((response, _)) => {
                let status = response.status().as_u16();
                span.set("http.response.status_code", i64::from(status));
                if status >= 400 {
                    span.fail(status.to_string());
                }
            }
            Err(Failure::TooLarge(_)) => span.fail("too_large"),
            Err(_) => span.fail("no_answer"),
        }
        answered
    }

    async fn answer<R: Refusal>(
        &self,
        request: reqwest::Request,
    ) -> Result<(Response, Vec<u8>), Failure<R>> {
        let mut response = self.client.execute(request).await?;
        let bytes_max = self.bounds.answer_bytes_max;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len().saturating_add(chunk.len()) > bytes_max {
                return Err(Failure::TooLarge(bytes_max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response, body))
    }

    /// By the id that the provider gave the request it is found there.
    pub(super) fn log(&self, call: &'static str, status: u16, request_id: &str) {
        tracing::debug!(
            provider = self.provider,
            call,
            status,
            request_id,
            "provider answered"
        );
    }

    /// All attempts of one request; where there are to be more than one it must do no harm twice: it
    /// reads, or carries a key. `call` names it in metrics.
    pub(super) async fn ask<T, R, Attempt>(
        &self,
        call: &'static str,
        retries_max: usize,
        attempt: impl FnMut() -> Attempt,
    ) -> Result<T, ProviderError>
    where
        R: Refusal,
        Attempt: Future<Output = Result<T, Failure<R>>>,
    {
        let started = Instant::now();
        let again = ExponentialBuilder::default()
            .with_min_delay(RETRY_AFTER)
            .with_jitter()
            .with_max_times(retries_max);
        let attempts = attempt.retry(again).when(Failure::may_pass);
        let answer = match tokio::time::timeout(self.bounds.total_timeout, attempts).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(ProviderError::from(failure)),
            Err(_elapsed) => Err(ProviderError::Late),
        };
        let outcome = answer.as_ref().map_or_else(ProviderError::name, |_| "ok");
        metrics::histogram!(
            "billing.provider.call.duration",
            "provider" => self.provider, "call" => call, "outcome" => outcome,
        )
        .record(started.elapsed());
        answer
    }
}

impl<R: Refusal> Failure<R> {
    fn may_pass(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::TooLarge(_) => false,
            Self::Refused(refusal) => refusal.may_pass(),
        }
    }
}

impl<R: Refusal> From<Failure<R>> for ProviderError {
    fn from(failure: Failure<R>) -> Self {
        match failure {
            Failure::Transport(error) if error.is_timeout() && !error.is_connect() => Self::Late,
            Failure::Refused(refusal) => match refusal.final_code().map(str::to_owned) {
                Some(code) => Self::Refused {
                    code,
                    detail: refusal.to_string(),
                },
                None => Self::Away(refusal.into()),
            },
            failure => Self::Away(failure.into()),
        }
    }
}
