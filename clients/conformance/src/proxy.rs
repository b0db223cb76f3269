//! Between subject and core: notes each request, and does to the next ones what a network or a core in trouble
//! would do.

mod forward;
mod record;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use billing_proto::reason::DOMAIN;
use billing_proto::v1::ErrorReason;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use self::forward::Buffered;
use crate::calls::Seen;
use crate::scenario::{Fault, FaultKind, Rpc};

/// It ends with its connections when it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    desk: Arc<Desk>,
    _tasks: JoinSet<()>,
}

struct Desk {
    core: SocketAddr,
    seen: Mutex<Vec<Seen>>,
    /// Each with the number of requests that it still meets.
    faults: Mutex<Vec<Fault>>,
}

impl Proxy {
    /// To the core that listens there, or will.
    pub async fn to(core: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let desk = Arc::new(Desk {
            core,
            seen: Mutex::default(),
            faults: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&desk)));
        Ok(Self {
            address,
            desk,
            _tasks: tasks,
        })
    }

    /// Every request so far, in the order in which they came.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.desk.seen).clone()
    }

    /// Behind the faults that this RPC is to meet already.
    pub fn arm(&self, fault: Fault) {
        lock(&self.desk.faults).push(fault);
    }

    pub fn clear_faults(&self) {
        lock(&self.desk.faults).clear();
    }

    /// How many requests of this RPC were answered with OK.
    pub fn answered(&self, rpc: Rpc) -> usize {
        let seen = lock(&self.desk.seen);
        let is_answered =
            |seen: &&Seen| seen.rpc == Some(rpc) && seen.status.as_deref() == Some("OK");
        seen.iter().filter(is_answered).count()
    }
}

impl Desk {
    /// Notes a request; answers with its number, and the fault that it meets.
    fn note(&self, head: &Parts, body: &[u8]) -> (usize, Option<Fault>) {
        let mut request = record::request(head, body);
        let fault = request.rpc.and_then(|rpc| self.take_fault(rpc));
        request.fault = fault.map(|fault| fault.kind);
        let mut seen = lock(&self.seen);
        seen.push(request);
        (seen.len() - 1, fault)
    }

    fn take_fault(&self, rpc: Rpc) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let at = faults.iter().position(|fault| fault.rpc == rpc)?;
        let fault = faults.get_mut(at)?;
        fault.times -= 1;
        let taken = *fault;
        if taken.times == 0 {
            faults.remove(at);
        }
        Some(taken)
    }

    /// Notes what the subject was told of a request, and the hold that it now knows.
    fn told(&self, number: usize, status: &str, hold: Option<String>) {
        if let Some(seen) = lock(&self.seen).get_mut(number) {
            seen.status = Some(status.to_owned());
            seen.hold = hold.or(seen.hold.take());
        }
    }
}

/// Nobody panics who has it; if they did, what is in it would still be true.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&desk)));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection of the subject's, until either side ends it.
async fn serve(stream: TcpStream, desk: Arc<Desk>) {
    // A small frame waits for nothing.
    let _ = stream.set_nodelay(true);
    let cut = Arc::new(Notify::new());
    let told = Arc::clone(&cut);
    let service = service_fn(move |request| answer(Arc::clone(&desk), Arc::clone(&told), request));
    let connection =
        http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // However it ended, the subject knows.
        _ = connection => {}
        () = cut.notified() => {}
    }
}

/// An error resets the stream.
async fn answer(
    desk: Arc<Desk>,
    cut: Arc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<Buffered>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let (number, fault) = desk.note(&head, &body);
    let Some(fault) = fault else {
        return passed(&desk, number, head, body).await;
    };
    match fault.kind {
        FaultKind::Unavailable => {
            let status = Status::unavailable("the way to the core is blocked");
            Ok(refused(&desk, number, status))
        }
        FaultKind::Internal => Ok(refused(&desk, number, with_reason(ErrorReason::Internal))),
        FaultKind::Overloaded => Ok(refused(&desk, number, with_reason(ErrorReason::Overloaded))),
        FaultKind::OutcomeUnknown => {
            // Whatever comes of it, the subject is not told.
            let _ = forward::to_core(desk.core, head, body).await;
            Ok(refused(
                &desk,
                number,
                with_reason(ErrorReason::OutcomeUnknown),
            ))
        }
        FaultKind::LoseAnswer => {
            let _ = forward::to_core(desk.core, head, body).await;
            desk.told(number, "lost", None);
            bail!("the answer is lost")
        }
        FaultKind::Cut => {
            let _ = forward::to_core(desk.core, head, body).await;
            desk.told(number, "lost", None);
            cut.notify_one();
            std::future::pending().await
        }
        FaultKind::Hang => std::future::pending().await,
        FaultKind::Delay => {
            sleep(Duration::from_millis(fault.delay_ms)).await;
            passed(&desk, number, head, body).await
        }
    }
}

async fn passed(
    desk: &Desk,
    number: usize,
    head: Parts,
    body: Bytes,
) -> Result<Response<Buffered>> {
    let Some(response) = forward::to_core(desk.core, head, body).await? else {
        let status = Status::unavailable("the core cannot be reached");
        return Ok(refused(desk, number, status));
    };
    let (status, hold) = (
        status_of(&response),
        record::placed_hold(response.body().data()),
    );
    desk.told(number, &status, hold);
    Ok(response)
}

/// An error without a message, as gRPC has it: trailers only.
fn refused(desk: &Desk, number: usize, status: Status) -> Response<Buffered> {
    desk.told(number, billing_proto::code::name(status.code()), None);
    status.into_http()
}

fn with_reason(reason: ErrorReason) -> Status {
    let details =
        ErrorDetails::with_error_info(reason.name(), DOMAIN, HashMap::<String, String>::new());
    Status::with_error_details(reason.code(), "as the core would say it", details)
}

fn status_of(response: &Response<Buffered>) -> String {
    let said = |headers: &HeaderMap| headers.get("grpc-status").cloned();
    let trailers = response.body().trailers().and_then(said);
    let Some(value) = trailers.or_else(|| said(response.headers())) else {
        return "no grpc-status".to_owned();
    };
    billing_proto::code::name(Code::from_bytes(value.as_bytes())).to_owned()
}
