//! The billing core over gRPC: four calls, each with a deadline, each safe to repeat.

use std::future::Future;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use backon::{ExponentialBuilder, Retryable as _};
use billing_proto::retry;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::cost::Cost as CostKind;
use billing_proto::v1::{
    AccountRef, CaptureHoldRequest, CaptureHoldResponse, CheckBalanceRequest, CheckBalanceResponse,
    Cost, ErrorReason, HoldState, OveragePolicy, PlaceHoldRequest, PlaceHoldResponse,
    ReleaseHoldRequest, ToolUsage,
};
use billing_telemetry::trace::{TRACEPARENT, TraceContext};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Response, Status};

use crate::config::{Config, ConfigError};
use crate::denial::{self, Denial, Unclear};
use crate::usd::Usd;

/// How long a call waits to learn whether it may be made.
const DECISION_DEADLINE: Duration = Duration::from_secs(2);

/// How long it waits to be charged, or to give its hold back. The work is done by then, so more
/// patience pays.
const ENDING_DEADLINE: Duration = Duration::from_secs(5);

/// How long an amount stays held if this backend dies. Far above [`crate::call::WORK_DEADLINE`]:
/// work that may take longer than its hold extends it (`ExtendHold`) on the way.
const HOLD_SECS: i64 = 120;

/// Pauses between repeats: 25 ms, 50 ms, … 400 ms, each varied, so that backends that lost the
/// core together do not come back together.
const REPEATS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(25))
    .with_max_delay(Duration::from_millis(400))
    .without_max_times()
    .with_jitter();

/// The way to the core. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Billing {
    core: BalanceServiceClient<Channel>,
    authorization: HeaderValue,
    tenant_id: String,
    topup_url: Option<String>,
}

/// Who pays, and the trace that the call belongs to.
#[derive(Clone, Debug)]
pub struct Payer {
    pub user_id: String,
    pub trace: TraceContext,
}

/// An amount set aside for one call.
#[derive(Clone, Debug)]
pub struct Hold {
    pub hold_id: String,
}

/// What a call has cost, and the balance after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    pub charged: Usd,
    pub balance: Usd,
}

/// What to do with an answer that is not the wanted one.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    #[error("the call is denied")]
    Denied(Denial),
    /// The idempotency key belongs to another call.
    #[error("the idempotency key is used by another call")]
    KeyReused,
    /// The hold was released or has expired, so there is nothing left to charge.
    #[error("the hold has ended")]
    HoldEnded,
    /// Everything else. Nobody can tell whether the call may be made, so it may not: fail closed.
    #[error("billing does not answer")]
    Unavailable(#[source] Box<Status>),
    #[error("billing answers what is not understood")]
    Unclear(#[from] Unclear),
}

impl Billing {
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut endpoint = Endpoint::from(config.core_url.clone())
            .connect_timeout(Duration::from_secs(1))
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_while_idle(true);
        if config.core_url.scheme_str() == Some("https") {
            endpoint = endpoint
                .tls_config(ClientTlsConfig::new().with_enabled_roots())
                .map_err(ConfigError::CoreUrl)?;
        }
        let token = config.tools_token.expose_secret();
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(ConfigError::ToolsToken)?;
        authorization.set_sensitive(true);
        Ok(Self {
            core: BalanceServiceClient::new(endpoint.connect_lazy()),
            authorization,
            tenant_id: config.tenant.clone(),
            topup_url: config.topup_url.clone(),
        })
    }

    /// May this user make this call? Reads only, so that whoever may not costs no write.
    pub async fn check(&self, payer: &Payer, usage: ToolUsage) -> Result<(), BillingError> {
        let message = CheckBalanceRequest {
            account: Some(self.account(payer)),
            cost: Some(by_tool(usage)),
        };
        let answer = self
            .ask(
                payer,
                DECISION_DEADLINE,
                message,
                |mut core, request| async move { core.check_balance(request).await },
            )
            .await?;
        self.allowed(&answer)
    }

    /// Sets the estimated cost aside, or denies. The same key and use again: the same hold.
    pub async fn place(
        &self,
        payer: &Payer,
        usage: ToolUsage,
        idempotency_key: &str,
    ) -> Result<Hold, BillingError> {
        let message = PlaceHoldRequest {
            account: Some(self.account(payer)),
            idempotency_key: idempotency_key.to_owned(),
            cost: Some(by_tool(usage)),
            ttl: Some(prost_types::Duration {
                seconds: HOLD_SECS,
                nanos: 0,
            }),
            // The history of the account then leads to the logs of the call.
            request_id: payer.trace.trace_id().to_string(),
            dry_run: false,
        };
        let placed = self
            .ask(
                payer,
                DECISION_DEADLINE,
                message,
                |mut core, request| async move { core.place_hold(request).await },
            )
            .await?;
        self.placed(placed)
    }

    /// Charges what the call really used, at the price that held when the hold was placed. More
    /// than the hold is charged as well, into debt if it must be, and so is a call that outlived its
    /// hold: the work was done.
    pub async fn capture(
        &self,
        payer: &Payer,
        hold: &Hold,
        usage: ToolUsage,
    ) -> Result<Charged, BillingError> {
        let message = CaptureHoldRequest {
            account: Some(self.account(payer)),
            hold_id: hold.hold_id.clone(),
            cost: Some(by_tool(usage)),
            overage_policy: OveragePolicy::AllowDebt.into(),
            settle_expired: true,
            ..CaptureHoldRequest::default()
        };
        let captured: CaptureHoldResponse = self
            .ask(
                payer,
                ENDING_DEADLINE,
                message,
                |mut core, request| async move { core.capture_hold(request).await },
            )
            .await?;
        let balance = captured.balance.ok_or(Unclear("a balance"))?;
        Ok(Charged {
            charged: Usd(captured.charged_micros),
            balance: Usd(balance.settled_micros),
        })
    }

    /// Gives the whole hold back, since the work failed.
    pub async fn release(&self, payer: &Payer, hold: &Hold) -> Result<(), BillingError> {
        let message = ReleaseHoldRequest {
            account: Some(self.account(payer)),
            hold_id: hold.hold_id.clone(),
        };
        self.ask(
            payer,
            ENDING_DEADLINE,
            message,
            |mut core, request| async move { core.release_hold(request).await },
        )
        .await?;
        Ok(())
    }

    fn account(&self, payer: &Payer) -> AccountRef {
        AccountRef {
            tenant_id: self.tenant_id.clone(),
            user_id: payer.user_id.clone(),
        }
    }

    fn allowed(&self, answer: &CheckBalanceResponse) -> Result<(), BillingError> {
        denial::read(answer, self.topup_url.as_deref())?.map_err(BillingError::Denied)
    }

    fn placed(&self, mut placed: PlaceHoldResponse) -> Result<Hold, BillingError> {
        let hold = placed.hold.take();
        self.allowed(&denial::decision_of(placed))?;
        let hold = hold.ok_or(Unclear("a hold"))?;
        match hold.state() {
            // Captured: this call was made and charged before, and its answer got lost. Capturing
            // again charges nothing more and gives the first answer.
            HoldState::Placed | HoldState::Captured => Ok(Hold {
                hold_id: hold.hold_id,
            }),
            HoldState::Released | HoldState::Expired => Err(BillingError::HoldEnded),
            HoldState::Unspecified => Err(Unclear("the state of a hold").into()),
        }
    }

    /// Sends a message until it is answered, at most until the deadline.
    ///
    /// Repeated is what the core cannot answer just now and what is lost on the way ([`retry`]), and
    /// only because every message here may be: a check reads, a placement has its key, an ending has
    /// its hold. So even a message whose answer was lost after the core had done it
    /// (`OUTCOME_UNKNOWN`, or a connection that broke) takes effect once.
    async fn ask<M, A, F>(
        &self,
        payer: &Payer,
        within: Duration,
        message: M,
        send: impl Fn(BalanceServiceClient<Channel>, Request<M>) -> F,
    ) -> Result<A, BillingError>
    where
        M: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let deadline = Instant::now() + within;
        let attempt = || {
            let mut request = Request::new(message.clone());
            // The core drops what nobody waits for any more.
            request.set_timeout(deadline.saturating_duration_since(Instant::now()));
            let headers: &mut HeaderMap = request.metadata_mut().as_mut();
            headers.insert(header::AUTHORIZATION, self.authorization.clone());
            headers.insert(TRACEPARENT, payer.trace.traceparent());
            send(self.core.clone(), request)
        };
        // Pauses take at most half of the time, so that the last try has time for its answer.
        let answer = attempt
            .retry(REPEATS.with_total_delay(Some(within / 2)))
            .when(retry::may_help);
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(refused(status)),
            Err(_late) => Err(refused(Status::deadline_exceeded("no answer in time"))),
        }
    }
}

fn by_tool(usage: ToolUsage) -> Cost {
    Cost {
        cost: Some(CostKind::Tool(usage)),
    }
}

/// The reason, not the text, says what a refusal means.
fn refused(status: Status) -> BillingError {
    match ErrorReason::of(&status) {
        Some(ErrorReason::IdempotencyKeyReused) => BillingError::KeyReused,
        Some(ErrorReason::HoldEnded) => BillingError::HoldEnded,
        _ => BillingError::Unavailable(Box::new(status)),
    }
}
