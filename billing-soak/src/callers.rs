//! Clients that do not give up: the same request, with the same key, now at this core and now at
//! the other, until there is a definite answer.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::{AccountRef, SetTenantRequest, Tenant};
use tokio::time::{Instant, sleep};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;

use crate::books::TENANT;
use crate::checker::WELCOME_MICROS;
use crate::journal::Told;

/// For one try.
const DEADLINE: Duration = Duration::from_millis(1_500);
/// For all tries together; far longer than any of the injuries lasts.
const PATIENCE: Duration = Duration::from_secs(30);

pub type Client = BalanceServiceClient<InterceptedService<Channel, Caller>>;

type Administrator = AccountServiceClient<InterceptedService<Channel, Caller>>;

/// Puts a token and a deadline on each request.
#[derive(Clone)]
pub struct Caller {
    bearer: MetadataValue<Ascii>,
    deadline: Duration,
}

impl Caller {
    pub fn new(token: &str, deadline: Duration) -> Result<Self> {
        let bearer = format!("Bearer {token}").parse()?;
        Ok(Self { bearer, deadline })
    }
}

impl Interceptor for Caller {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.bearer.clone());
        request.set_timeout(self.deadline);
        Ok(request)
    }
}

/// Connects when it is first used, and again after each loss.
fn channel(core: SocketAddr) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{core}"))?;
    Ok(endpoint
        .connect_timeout(Duration::from_millis(500))
        .connect_lazy())
}

/// A connection of its own to a core.
pub fn client(core: SocketAddr, caller: Caller) -> Result<Client> {
    let channel = channel(core)?;
    Ok(BalanceServiceClient::with_interceptor(channel, caller))
}

/// An account of the tests' tenant.
pub fn account(user: &str) -> AccountRef {
    AccountRef {
        tenant_id: TENANT.to_owned(),
        user_id: user.to_owned(),
    }
}

/// Every account of the tenant begins with a welcome, and has no limits.
pub async fn set_tenant(core: SocketAddr, admin_token: &str) -> Result<()> {
    let tenant = Tenant {
        tenant_id: TENANT.to_owned(),
        welcome_grant_micros: WELCOME_MICROS,
        ..Tenant::default()
    };
    let request = SetTenantRequest {
        tenant: Some(tenant),
    };
    administrator(core, admin_token)?
        .set_tenant(request)
        .await?;
    Ok(())
}

pub fn administrator(core: SocketAddr, admin_token: &str) -> Result<Administrator> {
    let caller = Caller::new(admin_token, Duration::from_secs(5))?;
    let channel = channel(core)?;
    Ok(AccountServiceClient::with_interceptor(channel, caller))
}

/// Connections to every core.
pub struct Callers(Vec<Client>);

impl Callers {
    /// Two connections to each core: one alone would serialise.
    pub fn new(cores: &[SocketAddr], token: &str) -> Result<Self> {
        let caller = Caller::new(token, DEADLINE)?;
        let twice = cores.iter().chain(cores);
        let clients = twice.map(|core| client(*core, caller.clone()));
        Ok(Self(clients.collect::<Result<_>>()?))
    }

    fn client(&self, turn: usize) -> Option<Client> {
        let index = turn.checked_rem(self.0.len())?;
        self.0.get(index).cloned()
    }

    /// Calls until there is a definite answer, from `turn` on each time at the next core.
    pub async fn settle<T, F>(&self, turn: usize, call: impl Fn(Client) -> F) -> Settled<T>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let until = Instant::now() + PATIENCE;
        let mut doubtful = false;
        let mut pause = Duration::from_millis(5);
        for turn in turn.. {
            let Some(client) = self.client(turn) else {
                break;
            };
            let status = match call(client).await {
                Ok(response) => {
                    let answer = Ok(response.into_inner());
                    return Settled { answer, doubtful };
                }
                Err(status) => status,
            };
            match Verdict::of(&status) {
                Verdict::NothingDone => {}
                Verdict::InDoubt => doubtful = true,
                Verdict::Refused => return Settled::refused(status, doubtful),
            }
            if Instant::now() > until {
                return Settled::refused(status, doubtful);
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
        Settled::refused(Status::unknown("there is no core"), doubtful)
    }
}

/// The end of an operation, and whether a try before may have carried it out.
pub struct Settled<T> {
    pub answer: Result<T, Told>,
    pub doubtful: bool,
}

impl<T> Settled<T> {
    #[expect(clippy::needless_pass_by_value, reason = "the end of its way")]
    fn refused(status: Status, doubtful: bool) -> Self {
        Self {
            answer: Err(told_by(&status)),
            doubtful,
        }
    }
}

/// What one failed try means.
enum Verdict {
    /// The core says so; to be tried again.
    NothingDone,
    /// It may have been carried out; to be tried again.
    InDoubt,
    /// Final.
    Refused,
}

impl Verdict {
    fn of(status: &Status) -> Self {
        let reason = status.get_details_error_info().map(|info| info.reason);
        match reason.as_deref() {
            Some("DATABASE_UNAVAILABLE" | "OVERLOADED" | "PRICE_LIST_STALE") => Self::NothingDone,
            Some("OUTCOME_UNKNOWN" | "DEADLINE_EXCEEDED") => Self::InDoubt,
            Some(_) => Self::Refused,
            // Not the core's words: a connection that broke or never was.
            None => match status.code() {
                Code::Unavailable
                | Code::DeadlineExceeded
                | Code::Cancelled
                | Code::Unknown
                | Code::Internal => Self::InDoubt,
                _ => Self::Refused,
            },
        }
    }
}

fn told_by(status: &Status) -> Told {
    let astray = || Told::Astray(format!("{status:?}"));
    let Some(mut info) = status.get_details_error_info() else {
        return astray();
    };
    match info.reason.as_str() {
        "HOLD_ENDED" => info
            .metadata
            .remove("state")
            .map_or_else(astray, Told::HoldEnded),
        "REFUND_EXCEEDS_CHARGE" => Told::RefundTooMuch,
        _ => astray(),
    }
}
