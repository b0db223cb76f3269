//! What every RPC passes before its handler: who calls, until when, and how it is measured; and what
//! the slices' handlers share (`call.rs`).

mod call;

pub use call::{
    Call, KEY_BYTES, PAGE_DEFAULT, PAGE_MAX, Paged, TENANT_BYTES, call_of, no_page, page_size,
    timestamp,
};

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use billing_proto::code;
use billing_proto::v1::ErrorReason;
use billing_telemetry::slow::SlowLog;
use billing_telemetry::span::{Span, within};
use billing_telemetry::trace::TraceContext;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use metrics::{Histogram, Unit, describe_histogram, histogram};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{debug, warn};

use crate::auth::{Caller, Role, ServiceToken, find_caller};
use crate::port::Peer;
use crate::status::{overloaded, with_reason};

/// Who may call which RPC. One line each for what is not an administrator's alone.
fn access(path: &str) -> Access {
    match path {
        "/billing.v1.BalanceService/GetBalance"
        | "/billing.v1.BalanceService/ListEntries"
        | "/billing.v1.BalanceService/ListHolds"
        | "/billing.v1.BalanceService/GetUsage"
        | "/billing.v1.SponsorshipService/GetBadges" => {
            Access::Roles(&[Role::Tools, Role::Gateway, Role::Admin])
        }
        "/billing.v1.PriceService/EstimateCost" => Access::Roles(&[Role::Tools, Role::Admin]),
        "/billing.v1.PriceService/ListPrices"
        | "/billing.v1.AccountService/GetAccount"
        | "/billing.v1.AccountService/UpdateSettings"
        | "/billing.v1.AccountService/SendTestMail"
        | "/billing.v1.AccountService/Unsubscribe"
        | "/billing.v1.SponsorshipService/GetContribution"
        | "/billing.v1.SponsorshipService/ListContributions"
        | "/billing.v1.SponsorshipService/GetSubscription"
        | "/billing.v1.SponsorshipService/SetContributionAnonymous"
        | "/billing.v1.SponsorshipService/ListSupporters"
        | "/billing.v1.SponsorshipService/GetProgress"
        | "/billing.v1.SponsorshipService/GetSupporter"
        | "/billing.v1.SponsorshipService/UpdateSupporter"
        | "/billing.v1.SponsorshipService/ExportPerson"
        | "/billing.v1.SponsorshipService/GetSponsorship" => {
            Access::Roles(&[Role::Gateway, Role::Admin])
        }
        path if path.starts_with("/billing.v1.PaymentService/") => {
            Access::Roles(&[Role::Gateway, Role::Admin])
        }
        path if path.starts_with("/billing.v1.BalanceService/") => {
            Access::Roles(&[Role::Tools, Role::Admin])
        }
        path if path.starts_with("/grpc.health.v1.Health/") => Access::Anyone,
        path if path.starts_with("/grpc.reflection.") => {
            Access::Roles(&[Role::Tools, Role::Gateway, Role::Admin])
        }
        _ => Access::Roles(&[Role::Admin]),
    }
}

enum Access {
    Anyone,
    Roles(&'static [Role]),
}

/// Time for an answer where the caller names none, and the most that a caller may name.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    pub default: Duration,
    pub most: Duration,
}

/// An RPC's name, and how long its calls took, by the code that they were answered with.
struct Meter {
    rpc: String,
    durations: [OnceLock<Histogram>; CODES],
    slow: SlowLog,
}

/// The name of what has no figure of its own.
const OTHER: &str = "other";

/// gRPC's codes are 0 to 16.
const CODES: usize = 17;

impl Meter {
    fn new(rpc: &str, slow: &SlowLog) -> Arc<Self> {
        Arc::new(Self {
            rpc: rpc.trim_start_matches('/').to_owned(),
            durations: [const { OnceLock::new() }; CODES],
            slow: slow.clone(),
        })
    }

    /// None of a probe, or of what is not known.
    fn span(&self, incoming: Option<TraceContext>) -> Span {
        if self.rpc == OTHER {
            return Span::none();
        }
        let span = Span::server(incoming, || self.rpc.clone());
        if span.is_recorded() {
            span.set("rpc.system.name", "grpc");
            span.set("rpc.method", self.rpc.clone());
        }
        span
    }

    fn record(&self, code: Code, elapsed: Duration) {
        let number = usize::try_from(i32::from(code)).unwrap_or_default();
        if let Some(duration) = self.durations.get(number) {
            duration
                .get_or_init(|| {
                    histogram!("rpc.server.call.duration", "rpc.method" => self.rpc.clone(),
                        "rpc.response.status_code" => format!("{code:?}"))
                })
                .record(elapsed);
        }
    }
}

#[derive(Clone)]
pub struct RpcLayer {
    gate: Arc<Gate>,
}

struct Gate {
    /// None: whoever reaches the core is an administrator. Only on loopback.
    tokens: Option<Vec<ServiceToken>>,
    local: Arc<Caller>,
    deadlines: Deadlines,
    /// Places of the calls that are carried out.
    places: Arc<Semaphore>,
    meters: HashMap<String, Arc<Meter>>,
    other: Arc<Meter>,
}

impl RpcLayer {
    /// `calls_max` are carried out at the same time; `rpcs` are the paths that have a figure of their
    /// own in the metrics.
    pub fn new(
        tokens: Option<Vec<ServiceToken>>,
        deadlines: Deadlines,
        calls_max: usize,
        slow: &SlowLog,
        rpcs: Vec<String>,
    ) -> Self {
        describe_histogram!(
            "rpc.server.call.duration",
            Unit::Seconds,
            "Time to answer a call."
        );
        Self {
            gate: Arc::new(Gate {
                tokens,
                local: Arc::new(Caller::local()),
                deadlines,
                places: Arc::new(Semaphore::new(calls_max.min(Semaphore::MAX_PERMITS))),
                meters: rpcs
                    .into_iter()
                    .map(|path| {
                        let meter = Meter::new(&path, slow);
                        (path, meter)
                    })
                    .collect(),
                other: Meter::new(OTHER, slow),
            }),
        }
    }
}

impl<S> Layer<S> for RpcLayer {
    type Service = RpcService<S>;

    fn layer(&self, inner: S) -> RpcService<S> {
        RpcService {
            inner,
            gate: Arc::clone(&self.gate),
        }
    }
}

#[derive(Clone)]
pub struct RpcService<S> {
    inner: S,
    gate: Arc<Gate>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Service<Request<Body>> for RpcService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Send,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Answering {
        let started = Instant::now();
        let meter = self
            .gate
            .meters
            .get(request.uri().path())
            .unwrap_or(&self.gate.other);
        let meter = Arc::clone(meter);
        let peer = request.extensions().get::<Arc<Peer>>();
        if !is_grpc(request.headers()) {
            if let Some(peer) = peer {
                peer.note_strange();
            }
            meter.record(Code::Unimplemented, started.elapsed());
            return Box::pin(async { Ok(unsupported()) });
        }
        let admitted = self.gate.admit(&request, peer.map(|peer| &**peer));
        let (caller, place) = match admitted {
            Ok(admitted) => admitted,
            Err(refused) => {
                meter.record(refused.code(), started.elapsed());
                return Box::pin(std::future::ready(Ok(refused.into_http())));
            }
        };
        let budget = self.gate.deadlines.budget(request.headers());
        request.extensions_mut().insert(Call {
            caller,
            deadline: started + budget,
        });
        let incoming = TraceContext::from_headers(request.headers());
        let seen = Seen {
            started,
            place,
            span: meter.span(incoming),
            incoming,
            meter,
        };
        let answering = self.inner.call(request);
        match seen.trace() {
            None => Box::pin(seen.until(answering)),
            Some(trace) => {
                let answering = within(trace, seen.span.clone(), answering);
                Box::pin(seen.until(answering))
            }
        }
    }
}

/// A call that is carried out.
struct Seen {
    started: Instant,
    place: Option<OwnedSemaphorePermit>,
    span: Span,
    incoming: Option<TraceContext>,
    meter: Arc<Meter>,
}

impl Seen {
    fn trace(&self) -> Option<TraceContext> {
        self.span.context_or(self.incoming)
    }

    async fn until<A>(mut self, answering: A) -> Result<Response<Body>, Infallible>
    where
        A: Future<Output = Result<Response<Body>, Infallible>>,
    {
        let ended = self.span.end_on_drop();
        let response = answering.await?;
        let (code, elapsed) = (code_of(&response), self.started.elapsed());
        drop(self.place.take());
        self.meter.record(code, elapsed);
        if self.span.is_recorded() {
            self.span.set("rpc.response.status_code", code::name(code));
            if is_fault(code) {
                self.span.fail(code::name(code));
            }
        }
        drop(ended);
        self.log(code, elapsed);
        Ok(response)
    }

    /// A line for each fault, and for what took long; for the rest only where somebody asked for it.
    fn log(&self, code: Code, elapsed: Duration) {
        let rpc = &self.meter.rpc;
        let trace_id = || self.trace().map(|trace| trace.trace_id().to_string());
        let span_id = || self.span.context().map(|span| span.span_id().to_string());
        if let Some(left_out) = self.meter.slow.admit(elapsed) {
            warn!(
                rpc,
                ?code,
                ?elapsed,
                trace_id = trace_id(),
                span_id = span_id(),
                left_out,
                "slow call"
            );
        }
        if is_fault(code) {
            warn!(
                rpc,
                ?code,
                ?elapsed,
                trace_id = trace_id(),
                span_id = span_id(),
                "call failed"
            );
        } else {
            debug!(
                rpc,
                ?code,
                ?elapsed,
                trace_id = trace_id(),
                span_id = span_id(),
                "call answered"
            );
        }
    }
}

/// Whether the body is what tonic takes it for: protobuf in gRPC's frames.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type
        .and_then(|name| name.strip_prefix(b"application/grpc"))
        .map(|rest| rest.strip_prefix(b"+proto").unwrap_or(rest))
        .is_some_and(|rest| matches!(rest.first(), None | Some(b';')))
}

/// In HTTP's words, as gRPC over HTTP/2 asks for: whoever sends something else reads no trailers.
fn unsupported() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// An error has its code in the headers; what has none has begun to answer.
fn code_of(response: &Response<Body>) -> Code {
    Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
}

/// What the caller is not to blame for.
fn is_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Internal
            | Code::Unknown
            | Code::DataLoss
            | Code::Unavailable
            | Code::DeadlineExceeded
    )
}

impl Gate {
    /// Who calls, and their place among all calls. Probes need none.
    fn admit(
        &self,
        request: &Request<Body>,
        peer: Option<&Peer>,
    ) -> Result<(Arc<Caller>, Option<OwnedSemaphorePermit>), Status> {
        let access = access(request.uri().path());
        let caller = match (&access, &self.tokens) {
            (_, None) => Some(&self.local),
            (Access::Anyone, Some(_)) => None,
            (Access::Roles(_), Some(tokens)) => {
                bearer(request.headers()).and_then(|token| find_caller(tokens, token))
            }
        };
        match (peer, caller) {
            (Some(peer), Some(_)) => peer.note_known(),
            (Some(peer), None) => peer.note_strange(),
            (None, _) => {}
        }
        let Access::Roles(roles) = access else {
            return Ok((Arc::clone(&self.local), None));
        };
        let caller = caller.ok_or_else(|| {
            with_reason(
                ErrorReason::ServiceTokenRequired,
                "send a valid service token as `authorization: Bearer …`",
                [],
            )
        })?;
        if self.tokens.is_some() && !roles.contains(&caller.role) {
            return Err(with_reason(
                ErrorReason::RoleNotAllowed,
                format!("the role {} may not call this", caller.role.name()),
                [],
            ));
        }
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_full| overloaded())?;
        Ok((Arc::clone(caller), Some(place)))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

impl Deadlines {
    /// How long the call may take: a little less than the caller waits, so that the caller gets our
    /// answer and not silence.
    fn budget(self, headers: &HeaderMap) -> Duration {
        let asked = headers
            .get("grpc-timeout")
            .and_then(|value| parse_timeout(value.to_str().ok()?));
        let budget = asked.unwrap_or(self.default).min(self.most);
        budget.saturating_sub((budget / 20).min(Duration::from_millis(50)))
    }
}

/// The gRPC wire form: at most eight digits and a unit.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_as_the_wire_writes_it() {
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(
            parse_timeout("99999999H"),
            Some(Duration::from_hours(99_999_999))
        );
        for wrong in ["", "m", "10", "10x", "-1S", "123456789S", "1é"] {
            assert_eq!(parse_timeout(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_grpcs_own_content_types_are_grpc() {
        let is = |name: &'static str| {
            let name = (header::CONTENT_TYPE, HeaderValue::from_static(name));
            is_grpc(&HeaderMap::from_iter([name]))
        };
        for grpc in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;q=1",
        ] {
            assert!(is(grpc), "{grpc}");
        }
        for other in [
            "text/plain",
            "application/grpc-web",
            "application/grpc+json",
            "",
        ] {
            assert!(!is(other), "{other}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn an_rpc_that_nobody_listed_is_an_administrators() {
        assert!(matches!(
            access("/billing.v1.AccountService/GrantCredit"),
            Access::Roles([Role::Admin])
        ));
        assert!(matches!(
            access("/billing.v1.New/Thing"),
            Access::Roles([Role::Admin])
        ));
    }
}
