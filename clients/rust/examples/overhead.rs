//! How long a guarded call takes beside the bare requests that it consists of: check, placement and
//! capture. Both in one process, in turns, so that neither has the better minute.
//!
//! ```sh
//! cargo run --release --package billing-client --example overhead -- up.json --at-most 1.05
//! ```
//!
//! The file has the line of `cargo xtask up --json`. Prints a line for each number of calls in flight, and
//! all as one line of JSON. Ends with 1 where a ratio is above the bound: the ratio is the median of the
//! pairs' ratios, each of two medians.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use billing_client::{Begin, Billing, CLOSE_WITHIN, IntoCost as _, Settings, TRACEPARENT, Trace};
use billing_proto::v1::account_service_client::AccountServiceClient;
use billing_proto::v1::balance_service_client::BalanceServiceClient;
use billing_proto::v1::cost::Cost as Kind;
use billing_proto::v1::{
    AccountRef, AmountSetting, CaptureHoldRequest, CheckBalanceRequest, Cost, Decision,
    GrantCreditRequest, OveragePolicy, PlaceHoldRequest, ToolUsage, UpdateSettingsRequest,
};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

type Failure = Box<dyn Error + Send + Sync>;
type Units = [(&'static str, i64); 4];

const IN_FLIGHT: [usize; 2] = [1, 16];
const TOOL: &str = "summarize";
/// Exactly the units of the tool's price.
const ESTIMATE: Units = units(100);
const TAKEN: Units = units(120);
// The defaults of the crate.
const DECISION: Duration = Duration::from_secs(2);
const ENDING: Duration = Duration::from_secs(5);
const TTL_SECS: i64 = 60;
/// For the administrator's requests.
const FUNDING: Duration = Duration::from_secs(10);
/// One million dollars: no run spends so much.
const GRANT_MICROS: i64 = 1_000_000_000_000;

const fn units(query_tokens: i64) -> Units {
    [
        ("query_tokens", query_tokens),
        ("budget_quick", 0),
        ("budget_standard", 1),
        ("budget_deep", 0),
    ]
}

#[derive(Deserialize)]
struct Up {
    grpc: String,
    tools_token: String,
    admin_token: String,
    tenant_id: String,
}

struct Options {
    up: Up,
    at_most: Ratio,
    pairs: usize,
    slice: Duration,
}

impl Options {
    fn read() -> Result<Self, Failure> {
        let mut path: Option<String> = None;
        let mut pairs: usize = 12;
        let mut slice_ms: u64 = 1500;
        let mut at_most = Ratio::parse("1.05")?;
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            if !argument.starts_with("--") {
                path = Some(argument);
                continue;
            }
            let value = arguments.next().unwrap_or_default();
            match argument.as_str() {
                "--at-most" => at_most = Ratio::parse(&value)?,
                "--pairs" => pairs = value.parse()?,
                "--slice-ms" => slice_ms = value.parse()?,
                _ => return Err(format!("{argument} is no option").into()),
            }
        }
        let path =
            path.ok_or("overhead up.json [--at-most 1.05] [--pairs 12] [--slice-ms 1500]")?;
        let text = std::fs::read_to_string(path)?;
        Ok(Self {
            up: serde_json::from_str(text.lines().next().unwrap_or_default())?,
            at_most,
            pairs,
            slice: Duration::from_millis(slice_ms),
        })
    }
}

/// In ten-thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ratio(u128);

impl Ratio {
    const ONE: u128 = 10_000;

    fn of(guarded: Duration, bare: Duration) -> Self {
        Self(guarded.as_nanos() * Self::ONE / bare.as_nanos().max(1))
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        if decimals.len() > 4 {
            return Err(format!("{text} has more than four decimals").into());
        }
        let whole: u128 = whole.parse()?;
        let decimals: u128 = format!("{decimals:0<4}").parse()?;
        Ok(Self(whole * Self::ONE + decimals))
    }

    fn json(self) -> Result<Value, Failure> {
        Ok(serde_json::from_str(&self.to_string())?)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / Self::ONE, self.0 % Self::ONE)
    }
}

/// The three requests as a backend would write them by hand.
struct Bare {
    core: BalanceServiceClient<Channel>,
    authorization: HeaderValue,
    tenant: String,
}

impl Bare {
    async fn call(&self, user: &str) -> Result<(), Failure> {
        let mut core = self.core.clone();
        let trace = Trace::random();
        let check = CheckBalanceRequest {
            account: Some(account(&self.tenant, user)),
            cost: Some(cost(ESTIMATE)),
        };
        let checked = core.check_balance(self.request(&trace, DECISION, check));
        allowed(checked.await?.into_inner().decision())?;
        let place = PlaceHoldRequest {
            account: Some(account(&self.tenant, user)),
            idempotency_key: format!("tool-call:{}", Uuid::new_v4()),
            cost: Some(cost(ESTIMATE)),
            ttl: Some(prost_types::Duration {
                seconds: TTL_SECS,
                nanos: 0,
            }),
            request_id: trace.trace_id().to_owned(),
            dry_run: false,
        };
        let placed = core.place_hold(self.request(&trace, DECISION, place));
        let placed = placed.await?.into_inner();
        allowed(placed.decision())?;
        let capture = CaptureHoldRequest {
            account: Some(account(&self.tenant, user)),
            hold_id: placed.hold.ok_or("there is no hold")?.hold_id,
            cost: Some(cost(TAKEN)),
            overage_policy: OveragePolicy::AllowDebt.into(),
            settle_expired: true,
            ..CaptureHoldRequest::default()
        };
        core.capture_hold(self.request(&trace, ENDING, capture))
            .await?;
        Ok(())
    }

    fn request<M>(&self, trace: &Trace, within: Duration, message: M) -> Request<M> {
        let mut request = request(&self.authorization, within, message);
        let headers: &mut HeaderMap = request.metadata_mut().as_mut();
        headers.insert(TRACEPARENT, trace.traceparent().clone());
        request
    }
}

/// One side of the comparison.
#[derive(Clone)]
enum Way {
    Bare(Arc<Bare>),
    Guarded(Billing),
}

impl Way {
    /// Answers when the core has answered the capture.
    async fn call(&self, user: &str) -> Result<(), Failure> {
        match self {
            Self::Bare(bare) => bare.call(user).await,
            Self::Guarded(billing) => {
                let begin = Begin::new(Some(user.to_owned()), TOOL);
                let begin = begin.estimate(ESTIMATE.into_cost()?);
                let call = billing.begin(begin).await?;
                let charged = call.capture(TAKEN).await?;
                charged.ok_or("a capture was not answered")?;
                call.end();
                Ok(())
            }
        }
    }
}

/// How long calls took that were made in turns.
struct Compared {
    in_flight: usize,
    bare: Duration,
    guarded: Duration,
    ratio: Ratio,
    lowest: Ratio,
    highest: Ratio,
}

impl Compared {
    fn json(&self) -> Result<Value, Failure> {
        Ok(json!({
            "in_flight": self.in_flight,
            "bare_p50_us": u64::try_from(self.bare.as_micros())?,
            "guarded_p50_us": u64::try_from(self.guarded.as_micros())?,
            "ratio": self.ratio.json()?,
            "ratio_lowest": self.lowest.json()?,
            "ratio_highest": self.highest.json()?,
        }))
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rust, {} in flight: p50 bare {} us, guarded {} us, ratio {} ({} to {})",
            self.in_flight,
            self.bare.as_micros(),
            self.guarded.as_micros(),
            self.ratio,
            self.lowest,
            self.highest
        )
    }
}

async fn compare(
    ways: &[Way; 2],
    users: &[String],
    options: &Options,
) -> Result<Compared, Failure> {
    let [bare, guarded] = ways;
    for way in [bare, guarded, bare, guarded] {
        slice(way, users, options.slice).await?;
    }
    let (mut of_bare, mut of_guarded, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.pairs {
        let mut took_bare = slice(bare, users, options.slice).await?;
        let mut took_guarded = slice(guarded, users, options.slice).await?;
        ratios.push(Ratio::of(
            median(&mut took_guarded)?,
            median(&mut took_bare)?,
        ));
        of_bare.append(&mut took_bare);
        of_guarded.append(&mut took_guarded);
    }
    // Sorts them.
    let ratio = median(&mut ratios)?;
    Ok(Compared {
        in_flight: users.len(),
        bare: median(&mut of_bare)?,
        guarded: median(&mut of_guarded)?,
        ratio,
        lowest: ratios.first().copied().unwrap_or(ratio),
        highest: ratios.last().copied().unwrap_or(ratio),
    })
}

/// Each user calls one time after another, until the time is over. How long each call took.
async fn slice(way: &Way, users: &[String], lasts: Duration) -> Result<Vec<Duration>, Failure> {
    let until = Instant::now() + lasts;
    let mut callers = JoinSet::new();
    for user in users {
        let (way, user) = (way.clone(), user.clone());
        callers.spawn(async move { calls_of(&way, &user, until).await });
    }
    let mut took = Vec::new();
    while let Some(caller) = callers.join_next().await {
        took.append(&mut caller??);
    }
    Ok(took)
}

async fn calls_of(way: &Way, user: &str, until: Instant) -> Result<Vec<Duration>, Failure> {
    let mut took = Vec::new();
    loop {
        let began = Instant::now();
        if began >= until {
            return Ok(took);
        }
        way.call(user).await?;
        took.push(began.elapsed());
    }
}

fn median<T: Copy + Ord>(values: &mut [T]) -> Result<T, Failure> {
    values.sort_unstable();
    let middle = values.get(values.len() / 2).copied();
    middle.ok_or_else(|| "nothing was measured".into())
}

/// Gives each user more than a run can spend, and takes the limits away.
async fn fund(up: &Up, channel: Channel, users: &[String]) -> Result<(), Failure> {
    let authorization = bearer(&up.admin_token)?;
    let mut accounts = AccountServiceClient::new(channel);
    for user in users {
        let settings = UpdateSettingsRequest {
            account: Some(account(&up.tenant_id, user)),
            daily_limit: Some(AmountSetting::default()),
            monthly_limit: Some(AmountSetting::default()),
            ..UpdateSettingsRequest::default()
        };
        accounts
            .update_settings(request(&authorization, FUNDING, settings))
            .await?;
        let grant = GrantCreditRequest {
            account: Some(account(&up.tenant_id, user)),
            idempotency_key: "bench".to_owned(),
            amount_micros: GRANT_MICROS,
            reason: "for a benchmark".to_owned(),
            actor: "bench".to_owned(),
        };
        accounts
            .grant_credit(request(&authorization, FUNDING, grant))
            .await?;
    }
    Ok(())
}

/// As the crate connects.
fn channel(up: &Up) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(up.grpc.clone())?
        .connect_timeout(Duration::from_secs(1))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_while_idle(true);
    Ok(endpoint.connect_lazy())
}

fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    Ok(HeaderValue::try_from(format!("Bearer {token}"))?)
}

fn request<M>(authorization: &HeaderValue, within: Duration, message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(within);
    let headers: &mut HeaderMap = request.metadata_mut().as_mut();
    headers.insert(header::AUTHORIZATION, authorization.clone());
    request
}

fn account(tenant: &str, user: &str) -> AccountRef {
    AccountRef {
        tenant_id: tenant.to_owned(),
        user_id: user.to_owned(),
    }
}

fn cost(units: Units) -> Cost {
    let quantities = units.map(|(unit, quantity)| (unit.to_owned(), quantity));
    let tool = ToolUsage {
        name: TOOL.to_owned(),
        quantities: quantities.into_iter().collect(),
    };
    Cost {
        cost: Some(Kind::Tool(tool)),
    }
}

fn allowed(decision: Decision) -> Result<(), Failure> {
    if decision == Decision::Allowed {
        return Ok(());
    }
    Err(format!("denied: {decision:?}").into())
}

/// Whether every ratio is within its bound.
async fn run() -> Result<bool, Failure> {
    let options = Options::read()?;
    let up = &options.up;
    let most = IN_FLIGHT.into_iter().max().unwrap_or_default();
    let run = Uuid::new_v4().simple();
    let users: Vec<_> = (0..most)
        .map(|number| format!("overhead-rust-{run}-{number}"))
        .collect();
    fund(up, channel(up)?, &users).await?;
    let billing = Billing::new(Settings::new(&up.grpc, &up.tools_token, &up.tenant_id)?)?;
    let bare = Bare {
        core: BalanceServiceClient::new(channel(up)?),
        authorization: bearer(&up.tools_token)?,
        tenant: up.tenant_id.clone(),
    };
    let ways = [Way::Bare(Arc::new(bare)), Way::Guarded(billing.clone())];
    let (mut results, mut ok) = (Vec::new(), true);
    for in_flight in IN_FLIGHT {
        let callers = users.get(..in_flight).unwrap_or_default();
        let compared = compare(&ways, callers, &options).await?;
        println!("{compared}");
        ok &= compared.ratio <= options.at_most;
        results.push(compared.json()?);
    }
    ok &= billing.close(CLOSE_WITHIN).await == 0;
    let summary = json!({
        "bench": "overhead",
        "language": "rust",
        "pairs": options.pairs,
        "slice_ms": u64::try_from(options.slice.as_millis())?,
        "at_most": options.at_most.json()?,
        "results": results,
        "ok": ok,
    });
    println!("{summary}");
    Ok(ok)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("overhead: {error}");
            ExitCode::FAILURE
        }
    }
}
