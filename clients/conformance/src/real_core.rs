//! The ground of every scenario: one core with two tenants, accounts, and the books.

pub mod ledger;
mod prices;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::price_service_client::PriceServiceClient;
use billing_proto::v1::{
    AccountRef, AmountSetting, ChargeRequest, Cost, GrantCreditRequest, ReleaseHoldRequest,
    SetBillingEnabledRequest, SetTenantRequest, SuspendAccountRequest, Tenant, UnpricedToolPolicy,
    UpdateSettingsRequest, cost,
};
use billing_stage::{CoreProcess, Stage, core_beside};
use rustix::process::{Pid, Signal, kill_process};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::patience::Patience;
use crate::scenario::{self, Books, CoreStep, Limit, NoLimit};

/// Longer than a core that has just come back takes.
const DEADLINE: Duration = Duration::from_secs(5);
/// In the tenant with an address for top-ups.
const TOPUP_URL: &str = "https://pay.example/topup";

type Way = InterceptedService<Channel, Administrator>;

/// Puts the administrator's token and a deadline on each request.
#[derive(Clone)]
struct Administrator(MetadataValue<Ascii>);

impl Interceptor for Administrator {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", self.0.clone());
        request.set_timeout(DEADLINE);
        Ok(request)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Runs,
    Frozen,
    Killed,
}

pub struct RealCore {
    stage: Stage,
    condition: Condition,
    pub tools_token: String,
    accounts: AccountServiceClient<Way>,
    balance: BalanceServiceClient<Way>,
}

impl RealCore {
    /// Answers when every price holds.
    pub async fn set() -> Result<Self> {
        let (stage, tokens) = Stage::set(core_beside()?, 1).await?;
        let channel = Endpoint::from_shared(format!("http://{}", stage.core(0)?.grpc))?
            .connect_timeout(Duration::from_secs(1))
            .connect_lazy();
        let administrator = Administrator(format!("Bearer {}", tokens.admin).parse()?);
        let (one, two) = (channel.clone(), channel.clone());
        let mut core = Self {
            stage,
            condition: Condition::Runs,
            tools_token: tokens.tools,
            accounts: AccountServiceClient::with_interceptor(one, administrator.clone()),
            balance: BalanceServiceClient::with_interceptor(two, administrator.clone()),
        };
        core.set_topup_tenant().await?;
        let mut prices = PriceServiceClient::with_interceptor(channel, administrator);
        for tenant in [scenario::Tenant::Plain, scenario::Tenant::Topup] {
            prices::set(&mut prices, tenant_id(tenant)).await?;
        }
        Ok(core)
    }

    /// The books must be in order then.
    pub async fn clear(self) -> Result<()> {
        self.stage.audit().await?;
        self.stage.clear().await
    }

    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.stage.core(0)?.grpc)
    }

    async fn set_topup_tenant(&mut self) -> Result<()> {
        let tenant = Tenant {
            tenant_id: tenant_id(scenario::Tenant::Topup).to_owned(),
            welcome_grant_micros: 0,
            unpriced_tools: UnpricedToolPolicy::Deny.into(),
            default_daily_limit_micros: Some(10_000_000),
            default_monthly_limit_micros: Some(100_000_000),
            topup_url: TOPUP_URL.to_owned(),
        };
        let request = SetTenantRequest {
            tenant: Some(tenant),
            ..SetTenantRequest::default()
        };
        self.accounts.set_tenant(request).await?;
        Ok(())
    }

    fn process(&mut self) -> Result<&mut CoreProcess> {
        self.stage.cores.first_mut().context("there is no core")
    }

    pub async fn step(&mut self, step: CoreStep) -> Result<()> {
        let (from, to) = match step {
            CoreStep::Kill => (Condition::Runs, Condition::Killed),
            CoreStep::Start => (Condition::Killed, Condition::Runs),
            CoreStep::Freeze => (Condition::Runs, Condition::Frozen),
            CoreStep::Thaw => (Condition::Frozen, Condition::Runs),
        };
        ensure!(
            self.condition == from,
            "{step:?} of a core that is {:?}",
            self.condition
        );
        let process = self.process()?;
        match step {
            CoreStep::Kill => process.kill().await?,
            CoreStep::Start => {
                process.start().await?;
            }
            CoreStep::Freeze => signal(process, Signal::STOP)?,
            CoreStep::Thaw => {
                signal(process, Signal::CONT)?;
                process.ready().await?;
            }
        }
        self.condition = to;
        Ok(())
    }

    /// As it was at the beginning, whatever a scenario has done.
    pub async fn restore(&mut self) -> Result<()> {
        match self.condition {
            Condition::Runs => {}
            Condition::Frozen => self.step(CoreStep::Thaw).await?,
            Condition::Killed => self.step(CoreStep::Start).await?,
        }
        self.process()?.ready().await
    }

    /// Sets a new account up; each of its requests may be repeated, since the core may just have come back.
    pub async fn open(&mut self, account: &AccountRef, wanted: &scenario::Account) -> Result<()> {
        let patience = Patience::new();
        loop {
            match self.try_open(account, wanted).await {
                Ok(()) => return Ok(()),
                Err(error) => patience.or(error).await?,
            }
        }
    }

    async fn try_open(&mut self, account: &AccountRef, wanted: &scenario::Account) -> Result<()> {
        let account = Some(account.clone());
        let daily_limit = wanted.daily_limit_micros.map(setting);
        let monthly_limit = wanted.monthly_limit_micros.map(setting);
        if daily_limit.is_some() || monthly_limit.is_some() {
            let settings = UpdateSettingsRequest {
                account: account.clone(),
                daily_limit,
                monthly_limit,
                ..UpdateSettingsRequest::default()
            };
            self.accounts.update_settings(settings).await?;
        }
        if wanted.grant_micros > 0 {
            let grant = GrantCreditRequest {
                account: account.clone(),
                idempotency_key: "beginning".to_owned(),
                amount_micros: wanted.grant_micros,
                reason: "for a scenario".to_owned(),
                actor: "conformance".to_owned(),
            };
            self.accounts.grant_credit(grant).await?;
        }
        if let Some(billing_enabled) = wanted.billing_enabled {
            let request = SetBillingEnabledRequest {
                account: account.clone(),
                billing_enabled,
                ..SetBillingEnabledRequest::default()
            };
            self.accounts.set_billing_enabled(request).await?;
        }
        if wanted.suspended {
            let request = SuspendAccountRequest {
                account,
                ..SuspendAccountRequest::default()
            };
            self.accounts.suspend_account(request).await?;
        }
        Ok(())
    }

    /// The state of an account as the core has it now.
    pub async fn books(&mut self, account: &AccountRef) -> Result<Books> {
        let ledger = self.ledger(account).await?;
        Ok(Books {
            settled_micros: Some(ledger.settled_micros),
            held_micros: Some(ledger.held_micros),
            charges: Some(ledger.charges.iter().map(|charge| charge.micros).collect()),
        })
    }

    pub async fn release(&mut self, account: &AccountRef, hold_id: String) -> Result<()> {
        let request = ReleaseHoldRequest {
            account: Some(account.clone()),
            hold_id,
        };
        self.balance.release_hold(request).await?;
        Ok(())
    }

    /// Charges 1 micro by a key, so that it belongs to another call.
    pub async fn use_key(&mut self, account: &AccountRef, key: String) -> Result<()> {
        let request = ChargeRequest {
            account: Some(account.clone()),
            idempotency_key: key,
            cost: Some(Cost {
                cost: Some(cost::Cost::AmountMicros(1)),
            }),
            ..ChargeRequest::default()
        };
        let charged = self.balance.charge(request).await?.into_inner();
        ensure!(
            charged.charged_micros == 1,
            "the key was not used: {charged:?}"
        );
        Ok(())
    }
}

pub fn tenant_id(tenant: scenario::Tenant) -> &'static str {
    match tenant {
        scenario::Tenant::Plain => "conformance",
        scenario::Tenant::Topup => "conformance-topup",
    }
}

fn setting(limit: Limit) -> AmountSetting {
    let amount_micros = match limit {
        Limit::Micros(micros) => Some(micros),
        Limit::No(NoLimit::None) => None,
    };
    AmountSetting { amount_micros }
}

fn signal(process: &CoreProcess, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(process.pid()?)?).context("no process")?;
    Ok(kill_process(pid, signal)?)
}
