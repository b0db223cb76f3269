//! Clients that do not give up: the same request, with the same key, now at this core and now at
//! another, until there is a definite answer.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::{SetTenantRequest, Tenant};
use billing_stage::Tokens;
use tokio::time::{Instant, sleep, timeout};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::ask::{ask, outcome_of};
use crate::books::TENANT;
use crate::checker::WELCOME_MICROS;
use crate::journal::{Journal, Operation, Outcome, Try};

/// For one try: longer than a core waits for a row.
const DEADLINE: Duration = Duration::from_secs(3);
/// A core that is halted does not even say that time is up.
const SILENCE: Duration = Duration::from_millis(3_500);
/// For all tries together.
const PATIENCE: Duration = Duration::from_secs(30);

pub type Client = BalanceServiceClient<InterceptedService<Channel, Caller>>;
pub type Administrator = AccountServiceClient<InterceptedService<Channel, Caller>>;

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
pub fn channel(core: SocketAddr) -> Result<Channel> {
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

/// Every account of the tenant begins with a welcome, and has no limits.
pub async fn set_tenant(core: SocketAddr, admin_token: &str) -> Result<()> {
    let tenant = Tenant {
        tenant_id: TENANT.to_owned(),
        welcome_grant_micros: WELCOME_MICROS,
        ..Tenant::default()
    };
    let request = SetTenantRequest {
        tenant: Some(tenant),
        ..Default::default()
    };
    let caller = Caller::new(admin_token, Duration::from_secs(5))?;
    AccountServiceClient::with_interceptor(channel(core)?, caller)
        .set_tenant(request)
        .await?;
    Ok(())
}

/// The way into one core, for tool backends and for administrators.
#[derive(Clone)]
pub struct Door {
    pub balance: Client,
    pub accounts: Administrator,
}

impl Door {
    fn new(core: SocketAddr, tokens: &Tokens) -> Result<Self> {
        let caller = Caller::new(&tokens.tools, DEADLINE)?;
        let administrator = Caller::new(&tokens.admin, DEADLINE)?;
        let channel = channel(core)?;
        Ok(Self {
            balance: BalanceServiceClient::with_interceptor(channel.clone(), caller),
            accounts: AccountServiceClient::with_interceptor(channel, administrator),
        })
    }
}

/// When a caller stops to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// When there is a definite answer.
    UntilAnswered,
    /// Also when a try was in doubt: whoever gives up leaves it open what happened.
    UntilInDoubt,
    /// Also when nothing was done, as they are told, whatever the tries before that left open.
    UntilNothingDone,
}

/// Connections to every core.
pub struct Callers {
    cores: usize,
    doors: Vec<Door>,
}

impl Callers {
    /// Two connections to each core: one alone would serialise.
    pub fn new(cores: &[SocketAddr], tokens: &Tokens) -> Result<Self> {
        let twice = cores.iter().chain(cores);
        let doors = twice.map(|core| Door::new(*core, tokens));
        Ok(Self {
            cores: cores.len(),
            doors: doors.collect::<Result<_>>()?,
        })
    }

    pub fn cores(&self) -> usize {
        self.cores
    }

    /// Asks from `turn` on each time at the next core. Answers with all tries.
    pub async fn settle(
        &self,
        turn: usize,
        operation: &Operation,
        journal: &Journal,
        persistence: Persistence,
    ) -> Vec<Try> {
        self.try_in_turn(turn.., operation, journal, persistence)
            .await
    }

    /// Asks at one core only, until there is a definite answer.
    pub async fn settle_at(
        &self,
        core: usize,
        operation: &Operation,
        journal: &Journal,
    ) -> Vec<Try> {
        let turns = (core..).step_by(self.cores.max(1));
        self.try_in_turn(turns, operation, journal, Persistence::UntilAnswered)
            .await
    }

    async fn try_in_turn(
        &self,
        turns: impl Iterator<Item = usize>,
        operation: &Operation,
        journal: &Journal,
        persistence: Persistence,
    ) -> Vec<Try> {
        let until = Instant::now() + PATIENCE;
        let mut tries = Vec::with_capacity(1);
        let mut pause = Duration::from_millis(5);
        for turn in turns {
            let door = turn
                .checked_rem(self.doors.len())
                .and_then(|index| self.doors.get(index));
            let Some(door) = door else { break };
            let attempt = attempt(door, operation, journal).await;
            let over = match attempt.outcome {
                Outcome::Told(_) => true,
                Outcome::InDoubt => persistence == Persistence::UntilInDoubt,
                Outcome::NothingDone => persistence == Persistence::UntilNothingDone,
                Outcome::NotBegun => false,
            };
            tries.push(attempt);
            if over || Instant::now() > until {
                break;
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
        tries
    }
}

async fn attempt(door: &Door, operation: &Operation, journal: &Journal) -> Try {
    let begun = journal.now();
    let outcome = match timeout(SILENCE, ask(door, operation)).await {
        Ok(Ok(told)) => Outcome::Told(told),
        Ok(Err(status)) => outcome_of(&status),
        Err(_) => Outcome::InDoubt,
    };
    Try {
        begun,
        ended: journal.now(),
        outcome,
    }
}
