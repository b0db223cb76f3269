//! A tenant to try things on: prices, one user, some credit.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::price_service_client::PriceServiceClient;
use billing_proto::v1::sponsorship_service_client::SponsorshipServiceClient;
use billing_proto::v1::{
    AccountRef, EstimateCostRequest, GetSponsorshipRequest, GrantCreditRequest, ListPricesRequest,
    SetPriceRequest, SetSponsorshipRequest, SetTenantRequest, Sponsorship, Tenant, ToolUsage,
    UnitPrice, UnpricedToolPolicy,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

pub const TENANT: &str = "demo";
pub const USER: &str = "5f0c7a52-6a0e-4b8e-9d36-0d1d9f2b7c11";

const USD: i64 = 1_000_000;
const CENT: i64 = USD / 100;

/// Calls with a service token.
#[derive(Clone)]
struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Accounts = AccountServiceClient<InterceptedService<Channel, Bearer>>;
type Prices = PriceServiceClient<InterceptedService<Channel, Bearer>>;
type Sponsorships = SponsorshipServiceClient<InterceptedService<Channel, Bearer>>;

/// Sets up what is missing, and changes nothing that is there. Answers when the prices hold.
pub async fn seed(grpc: SocketAddr, admin_token: &str) -> Result<()> {
    let channel = Endpoint::from_shared(format!("http://{grpc}"))?
        .timeout(Duration::from_secs(10))
        .connect()
        .await
        .context("cannot connect to the core")?;
    let bearer = Bearer(format!("Bearer {admin_token}").parse()?);
    let mut accounts = AccountServiceClient::with_interceptor(channel.clone(), bearer.clone());
    let mut prices = PriceServiceClient::with_interceptor(channel.clone(), bearer.clone());
    let mut sponsorships = SponsorshipServiceClient::with_interceptor(channel, bearer);

    let request = ListPricesRequest {
        tenant_id: TENANT.to_owned(),
        ..Default::default()
    };
    let known = prices
        .list_prices(request)
        .await
        .context("cannot list prices")?
        .into_inner();
    if known.prices.is_empty() {
        set_tenant(&mut accounts).await?;
    }
    for price in price_list() {
        if !known.prices.iter().any(|known| known.tool == price.tool) {
            let tool = price.tool.clone();
            prices
                .set_price(price)
                .await
                .with_context(|| format!("cannot price {tool}"))?;
        }
    }
    set_goal(&mut sponsorships).await?;
    await_prices(&mut prices).await?;
    // After the wait: by then every core knows the tenant's welcome grant.
    grant(&mut accounts).await
}

async fn set_tenant(accounts: &mut Accounts) -> Result<()> {
    let tenant = Tenant {
        tenant_id: TENANT.to_owned(),
        welcome_grant_micros: USD,
        unpriced_tools: UnpricedToolPolicy::Deny.into(),
        default_daily_limit_micros: Some(10 * USD),
        default_monthly_limit_micros: Some(100 * USD),
        topup_url: "https://example.com/topup".to_owned(),
    };
    let request = SetTenantRequest {
        tenant: Some(tenant),
        ..Default::default()
    };
    accounts
        .set_tenant(request)
        .await
        .context("cannot set the tenant")?;
    Ok(())
}

/// 500 USD a month, unless somebody has set another one.
async fn set_goal(sponsorships: &mut Sponsorships) -> Result<()> {
    let request = GetSponsorshipRequest {
        tenant_id: TENANT.to_owned(),
    };
    let found = sponsorships.get_sponsorship(request).await;
    let found = found.context("cannot read how the tenant is supported")?;
    let Some(sponsorship) = found
        .into_inner()
        .sponsorship
        .filter(|set| set.goal_minor == 0)
    else {
        return Ok(());
    };
    let request = SetSponsorshipRequest {
        sponsorship: Some(Sponsorship {
            goal_minor: 50_000,
            ..sponsorship
        }),
        ..Default::default()
    };
    let set = sponsorships.set_sponsorship(request).await;
    set.context("cannot set how the tenant is supported")?;
    Ok(())
}

/// The tools of examples/tool-backend, one for each kind of price.
fn price_list() -> [SetPriceRequest; 4] {
    let price = |tool: &str, per_call_micros| SetPriceRequest {
        tenant_id: TENANT.to_owned(),
        tool: tool.to_owned(),
        per_call_micros,
        ..Default::default()
    };
    let unit = |unit: &str, amount_micros, per_units| UnitPrice {
        unit: unit.to_owned(),
        amount_micros,
        per_units,
    };
    [
        price("search", 2 * CENT),
        SetPriceRequest {
            unit_prices: vec![
                unit("query_tokens", 15 * CENT, 1_000_000),
                unit("budget_quick", CENT, 1),
                unit("budget_standard", 5 * CENT, 1),
                unit("budget_deep", 25 * CENT, 1),
            ],
            ..price("summarize", 0)
        },
        SetPriceRequest {
            exempt: true,
            ..price("ping", 0)
        },
        SetPriceRequest {
            free_calls_per_day: 3,
            ..price("translate", CENT)
        },
    ]
}

/// A price begins to hold some seconds after it is set.
async fn await_prices(prices: &mut Prices) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let deadline = Instant::now() + PATIENCE;
    for price in price_list() {
        let units = price
            .unit_prices
            .iter()
            .map(|price| (price.unit.clone(), 1));
        let usage = ToolUsage {
            name: price.tool.clone(),
            quantities: units.collect(),
        };
        let mut told = false;
        while !is_priced(prices, &usage).await? {
            if Instant::now() > deadline {
                bail!(
                    "the price of {} does not hold after {PATIENCE:?}",
                    price.tool
                );
            }
            if !told {
                eprintln!("up: the new prices hold in some seconds");
                told = true;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

async fn is_priced(prices: &mut Prices, usage: &ToolUsage) -> Result<bool> {
    let request = EstimateCostRequest {
        tenant_id: TENANT.to_owned(),
        tool: Some(usage.clone()),
    };
    let estimate = prices.estimate_cost(request).await;
    Ok(estimate
        .with_context(|| format!("cannot estimate {}", usage.name))?
        .into_inner()
        .priced)
}

async fn grant(accounts: &mut Accounts) -> Result<()> {
    let request = GrantCreditRequest {
        account: Some(AccountRef {
            tenant_id: TENANT.to_owned(),
            user_id: USER.to_owned(),
        }),
        // The same at every start: credited once.
        idempotency_key: "demonstration".to_owned(),
        amount_micros: 5 * USD,
        reason: "credit to try things".to_owned(),
        actor: "cargo xtask up".to_owned(),
    };
    accounts
        .grant_credit(request)
        .await
        .context("cannot grant credit")?;
    Ok(())
}

/// The claim, and its value, by which the gateway knows an administrator.
pub const ADMIN_CLAIM: (&str, &str) = ("role", "admin");

/// A token of the user for the gateway and the example backend, good for a year.
pub fn user_token(jwt_secret: &str) -> Result<String> {
    let claims = json!({"userId": USER, "email": "demo@example.com", "name": "Demo"});
    signed(claims, jwt_secret)
}

/// A token of an administrator of the tenant, good for a year.
pub fn administrator_token(jwt_secret: &str) -> Result<String> {
    let (claim, value) = ADMIN_CLAIM;
    let claims = json!({"userId": "administrator", "email": "admin@example.com", claim: value});
    signed(claims, jwt_secret)
}

fn signed(mut claims: Value, jwt_secret: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let year = 365 * 24 * 60 * 60;
    if let Value::Object(members) = &mut claims {
        members.insert("iat".to_owned(), now.into());
        members.insert("exp".to_owned(), (now + year).into());
    }
    let key = EncodingKey::from_secret(jwt_secret.as_bytes());
    Ok(encode(&Header::new(Algorithm::HS256), &claims, &key)?)
}
