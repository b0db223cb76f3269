//! A Tower layer that guards calls, for axum and for tonic's servers.

mod body;
mod ending;

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tower_layer::Layer;
use tower_service::Service;

pub use self::body::{GuardedBody, RequestBody};
use self::ending::Wire;
use crate::answer::Answer;
use crate::billing::{Begin, Billing};
use crate::call::Call;
use crate::key::{IDEMPOTENCY_KEY, Key};
use crate::trace::Trace;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Describe = dyn Fn(&Parts, &[u8]) -> Result<Begin, Answer> + Send + Sync;

/// The most that a request's body may have where it is read, unless set: as tonic reads a message.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// Guards every call of a service. Before the call it is checked and its cost held; the handler takes the
/// [`BillingCall`](crate::BillingCall) from the request's extensions and reports to it; and when its answer
/// is complete the call ends. It is abandoned, and its hold given back, where the answer's status is 400 or
/// above (gRPC: its status is not 0), and where the handler panics or its caller goes away before the
/// answer is complete.
///
/// Who calls, which tool, and how much it will take is told by a function of the request's head and body.
/// The body is read first, and as a whole, only where the caller has sent an `Idempotency-Key`, which is
/// hashed with it, and where [`read_body`](Self::read_body) says so; else the function is given an empty
/// one. Key and trace are taken from the headers, unless the function names others.
///
/// ```
/// use billing_client::{Begin, Billing, Cost, GuardLayer};
///
/// /// Whom your authentication, in a layer before this one, has found.
/// #[derive(Clone)]
/// struct User(String);
///
/// fn layer(billing: Billing) -> GuardLayer {
///     GuardLayer::http(billing, |head, _body| {
///         let user = head.extensions.get::<User>().map(|user| user.0.clone());
///         let begin = Begin::new(user, "search");
///         Ok(begin.estimate(Cost::AmountMicros(20_000)))
///     })
/// }
/// ```
#[derive(Clone)]
pub struct GuardLayer {
    guarding: Arc<Guarding>,
}

/// A service whose calls are guarded: see [`GuardLayer`].
#[derive(Clone)]
pub struct Guard<S> {
    inner: S,
    guarding: Arc<Guarding>,
}

#[derive(Clone)]
struct Guarding {
    billing: Billing,
    describe: Arc<Describe>,
    wire: Wire,
    reads_always: bool,
    body_bytes: usize,
}

impl GuardLayer {
    /// For axum, and whatever else answers HTTP.
    pub fn http(
        billing: Billing,
        describe: impl Fn(&Parts, &[u8]) -> Result<Begin, Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::new(billing, Arc::new(describe), Wire::Http)
    }

    /// For tonic's servers. A refusal is a gRPC status ([`Answer::to_grpc`]).
    pub fn grpc(
        billing: Billing,
        describe: impl Fn(&Parts, &[u8]) -> Result<Begin, Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::new(billing, Arc::new(describe), Wire::Grpc)
    }

    fn new(billing: Billing, describe: Arc<Describe>, wire: Wire) -> Self {
        let guarding = Arc::new(Guarding {
            billing,
            describe,
            wire,
            reads_always: false,
            body_bytes: BODY_BYTES,
        });
        Self { guarding }
    }

    /// Reads each request's body before its call, at most so many bytes; more is answered with 413.
    #[must_use]
    pub fn read_body(self, body_bytes: usize) -> Self {
        let guarding = Arc::new(Guarding {
            reads_always: true,
            body_bytes,
            ..Guarding::clone(&self.guarding)
        });
        Self { guarding }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        let guarding = Arc::clone(&self.guarding);
        Guard { inner, guarding }
    }
}

impl<S, B, R> Service<Request<B>> for Guard<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: Body<Data = Bytes> + 'static,
{
    type Response = Response<GuardedBody<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that is ready answers; its clone waits for the next call.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let guarding = Arc::clone(&self.guarding);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let (body, read) = match guarding.read(&parts, body).await {
                Ok(body) => body,
                Err(answer) => return Ok(guarding.wire.refuse(answer)),
            };
            let begin = match guarding.begin(&parts, &read) {
                Ok(begin) => begin,
                Err(answer) => return Ok(guarding.wire.refuse(answer)),
            };
            let call: Call = match guarding.billing.begin(begin).await {
                Ok(call) => call,
                Err(refused) => return Ok(guarding.wire.refuse(refused.answer())),
            };
            parts.extensions.insert(call.handle());
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(guarding.wire.watch(call, response))
        })
    }
}

impl Guarding {
    /// The body, and what of it was read.
    async fn read<B>(&self, parts: &Parts, body: B) -> Result<(RequestBody<B>, Bytes), Answer>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        if !self.reads_always && !parts.headers.contains_key(IDEMPOTENCY_KEY) {
            return Ok((RequestBody::unread(body), Bytes::new()));
        }
        match Limited::new(body, self.body_bytes).collect().await {
            Ok(collected) => {
                let read = collected.to_bytes();
                Ok((RequestBody::read(read.clone()), read))
            }
            Err(error) if error.is::<LengthLimitError>() => Err(Answer::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Invalid request",
                "The body is too long",
                "INVALID_REQUEST",
            )),
            Err(_broken_off) => Err(Answer::invalid_request("The body cannot be read")),
        }
    }

    fn begin(&self, parts: &Parts, body: &[u8]) -> Result<Begin, Answer> {
        let mut begin = (self.describe)(parts, body)?;
        if begin.key.is_none() {
            begin.key = Key::of_caller(&parts.headers, &begin.tool, body)?;
        }
        if begin.trace.is_none() {
            begin.trace = Some(Trace::from_headers(&parts.headers));
        }
        Ok(begin)
    }
}

impl fmt::Debug for GuardLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardLayer").finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for Guard<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
