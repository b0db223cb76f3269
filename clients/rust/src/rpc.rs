//! The billing core over gRPC: requests with a deadline, each safe to repeat.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::{
    AccountRef, CaptureHoldRequest, CaptureHoldResponse, ChargeRequest, ChargeResponse,
    CheckBalanceRequest, CheckBalanceResponse, ExtendHoldRequest, ExtendHoldResponse,
    OveragePolicy, PlaceHoldRequest, PlaceHoldResponse, ReleaseHoldRequest, ReleaseHoldResponse,
};
use http::{HeaderMap, HeaderValue, header};
use tokio::time::Instant;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Response, Status};

use crate::call::Facts;
use crate::cost::Cost;
use crate::end::End;
use crate::retry::{self, Pauses};
use crate::settings::{Settings, SettingsError};
use crate::trace::{TRACEPARENT, Trace};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// The way to the core: one connection, made with the first request.
pub(crate) struct Rpc {
    client: BalanceServiceClient<Channel>,
    authorization: HeaderValue,
    tenant: String,
    decision_deadline: Duration,
    ending_deadline: Duration,
    hold_ttl: prost_types::Duration,
}

impl Rpc {
    /// Must be called within a Tokio runtime.
    pub(crate) fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Ok(Self {
            client: BalanceServiceClient::new(endpoint(settings)?.connect_lazy()),
            authorization: settings.authorization.clone(),
            tenant: settings.tenant.clone(),
            decision_deadline: settings.decision_deadline,
            ending_deadline: settings.ending_deadline,
            hold_ttl: duration(settings.hold_ttl),
        })
    }

    /// May this user make this call? Reads only.
    pub(crate) async fn check(&self, facts: &Facts) -> Result<CheckBalanceResponse, Status> {
        let message = || CheckBalanceRequest {
            account: Some(self.account(&facts.user)),
            cost: Some(facts.estimate.to_proto(&facts.tool)),
        };
        let within = self.decision_deadline;
        let pauses = Pauses::within(within);
        self.ask(
            &facts.trace,
            within,
            pauses,
            message,
            |mut core, request| async move { core.check_balance(request).await },
        )
        .await
    }

    /// Sets the estimated cost aside, or denies. The same key and cost again: the same hold.
    pub(crate) async fn place(&self, facts: &Facts) -> Result<PlaceHoldResponse, Status> {
        let message = || PlaceHoldRequest {
            account: Some(self.account(&facts.user)),
            idempotency_key: facts.key.clone(),
            cost: Some(facts.estimate.to_proto(&facts.tool)),
            ttl: Some(self.hold_ttl),
            // The history of the account then leads to the logs of the call.
            request_id: facts.trace.trace_id().to_owned(),
            dry_run: false,
        };
        let within = self.decision_deadline;
        let pauses = Pauses::within(within);
        self.ask(
            &facts.trace,
            within,
            pauses,
            message,
            |mut core, request| async move { core.place_hold(request).await },
        )
        .await
    }

    /// As [`place`](Self::place) for the call whose end this is, though it was made without an answer:
    /// the same key and cost for the same time, or the core takes it for another request.
    pub(crate) async fn place_late(
        &self,
        end: &End,
        estimate: &Cost,
        hold_ttl: Duration,
        pauses: Pauses,
    ) -> Result<PlaceHoldResponse, Status> {
        let trace = end.trace();
        let message = || PlaceHoldRequest {
            account: Some(account(end)),
            idempotency_key: end.key.clone(),
            cost: Some(estimate.to_proto(&end.tool)),
            ttl: Some(duration(hold_ttl)),
            request_id: trace.trace_id().to_owned(),
            dry_run: false,
        };
        self.ask(
            &trace,
            self.ending_deadline,
            pauses,
            message,
            |mut core, request| async move { core.place_hold(request).await },
        )
        .await
    }

    /// Lets a hold live for its ttl from now on.
    pub(crate) async fn extend(
        &self,
        facts: &Facts,
        hold_id: &str,
    ) -> Result<ExtendHoldResponse, Status> {
        let message = || ExtendHoldRequest {
            account: Some(self.account(&facts.user)),
            hold_id: hold_id.to_owned(),
            ttl: Some(self.hold_ttl),
        };
        let within = self.ending_deadline;
        let pauses = Pauses::within(within);
        self.ask(
            &facts.trace,
            within,
            pauses,
            message,
            |mut core, request| async move { core.extend_hold(request).await },
        )
        .await
    }

    /// Charges what the call really took, at the price that held when the hold was placed. More than the
    /// hold is charged as well, into debt if it must be, and so is a call that outlived its hold.
    pub(crate) async fn capture(
        &self,
        end: &End,
        hold_id: &str,
        cost: &Cost,
        pauses: Pauses,
    ) -> Result<CaptureHoldResponse, Status> {
        let message = || CaptureHoldRequest {
            account: Some(account(end)),
            hold_id: hold_id.to_owned(),
            cost: Some(cost.to_proto(&end.tool)),
            overage_policy: OveragePolicy::AllowDebt.into(),
            settle_expired: true,
            ..CaptureHoldRequest::default()
        };
        self.ask(
            &end.trace(),
            self.ending_deadline,
            pauses,
            message,
            |mut core, request| async move { core.capture_hold(request).await },
        )
        .await
    }

    /// Gives the whole hold back.
    pub(crate) async fn release(
        &self,
        end: &End,
        hold_id: &str,
        pauses: Pauses,
    ) -> Result<ReleaseHoldResponse, Status> {
        let message = || ReleaseHoldRequest {
            account: Some(account(end)),
            hold_id: hold_id.to_owned(),
        };
        self.ask(
            &end.trace(),
            self.ending_deadline,
            pauses,
            message,
            |mut core, request| async move { core.release_hold(request).await },
        )
        .await
    }

    /// Charges a call that has no hold, under its key with the suffix, into debt if it must be.
    pub(crate) async fn charge(
        &self,
        end: &End,
        cost: &Cost,
        suffix: &str,
        pauses: Pauses,
    ) -> Result<ChargeResponse, Status> {
        let trace = end.trace();
        let message = || ChargeRequest {
            account: Some(account(end)),
            idempotency_key: format!("{}{suffix}", end.key),
            cost: Some(cost.to_proto(&end.tool)),
            overage_policy: OveragePolicy::AllowDebt.into(),
            request_id: trace.trace_id().to_owned(),
            ..ChargeRequest::default()
        };
        self.ask(
            &trace,
            self.ending_deadline,
            pauses,
            message,
            |mut core, request| async move { core.charge(request).await },
        )
        .await
    }

    fn account(&self, user: &str) -> AccountRef {
        AccountRef {
            tenant_id: self.tenant.clone(),
            user_id: user.to_owned(),
        }
    }

    /// Sends a message until it is answered, at most until the deadline and as often as there are pauses.
    ///
    /// Repeated is what the core cannot answer just now and what is lost on the way
    /// ([`retry::may_repeat`]), and only because every message here may be: even one whose answer was lost
    /// after the core had acted takes effect once.
    async fn ask<M, A, F>(
        &self,
        trace: &Trace,
        within: Duration,
        mut pauses: Pauses,
        message: impl Fn() -> M,
        send: impl Fn(BalanceServiceClient<Channel>, Request<M>) -> F,
    ) -> Result<A, Status>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let deadline = Instant::now() + within;
        let answer = async {
            loop {
                let request = self.request(trace, deadline, message());
                let status = match send(self.client.clone(), request).await {
                    Ok(response) => return Ok(response.into_inner()),
                    Err(status) => status,
                };
                if !retry::may_repeat(&status) {
                    return Err(status);
                }
                let Some(pause) = pauses.next() else {
                    return Err(status);
                };
                tokio::time::sleep(pause).await;
            }
        };
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(answer) => answer,
            Err(_late) => Err(Status::deadline_exceeded("no answer in time")),
        }
    }

    fn request<M>(&self, trace: &Trace, deadline: Instant, message: M) -> Request<M> {
        let mut request = Request::new(message);
        // The core drops what nobody waits for any more.
        request.set_timeout(deadline.saturating_duration_since(Instant::now()));
        let headers: &mut HeaderMap = request.metadata_mut().as_mut();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(TRACEPARENT, trace.traceparent().clone());
        request
    }
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rpc").finish_non_exhaustive()
    }
}

fn endpoint(settings: &Settings) -> Result<Endpoint, SettingsError> {
    let endpoint = Endpoint::from(settings.core_url.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_while_idle(true);
    if settings.core_url.scheme_str() != Some("https") {
        return Ok(endpoint);
    }
    let roots = match &settings.ca_pem {
        None => ClientTlsConfig::new().with_native_roots(),
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
    };
    endpoint
        .tls_config(roots)
        .map_err(|error| SettingsError::Ca(format!("cannot be used: {error}")))
}

fn account(end: &End) -> AccountRef {
    AccountRef {
        tenant_id: end.tenant.clone(),
        user_id: end.user.clone(),
    }
}

fn duration(duration: Duration) -> prost_types::Duration {
    // At most a day, as the settings were checked.
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default(),
    }
}
