//! The port for gRPC: how many connections it keeps, and for how long those that nobody knows.
//!
//! A connection is a stranger's until a call with a valid token comes over it. Strangers have a time in
//! which to make their first call, a number of calls, and few places: where these are taken, the oldest
//! of whoever has the most makes room, so that silent connections keep nobody out. Known callers keep
//! their places; where nobody can make room, who comes is refused.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};
use tokio_stream::Stream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpIncoming};
use tracing::warn;

use crate::config::Tuning;

/// Calls without a valid token on a connection that never had one: at first, and more in each second.
/// Probes make few.
const STRANGE_CALLS: u64 = 100;
const STRANGE_CALLS_A_SECOND: u64 = 10;
/// After an error of the whole process: there is no descriptor left, for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Between two lines in the log about the same.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// Descriptors that are kept for the administrator's port, files, and the outbox.
const DESCRIPTORS_KEPT: usize = 24;

/// How many connections there may be, and for how long one may be silent.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub all: usize,
    pub per_address: usize,
    pub strangers: usize,
    pub first_call: Duration,
}

impl Limits {
    /// As configured, and no more than there are file descriptors for beside the database's.
    pub fn of(tuning: &Tuning) -> Self {
        let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        // Histories have a pool as large as the other.
        let database = 2 * number(tuning.pool_max) + number(tuning.payment_pool_max);
        let kept = DESCRIPTORS_KEPT + database + 2 * tuning.lanes();
        let descriptors = getrlimit(Resource::Nofile)
            .current
            .and_then(|most| usize::try_from(most).ok());
        let possible = descriptors.map_or(usize::MAX, |most| most.saturating_sub(kept).max(1));
        let all = number(tuning.connections_max).min(possible);
        if all < number(tuning.connections_max) {
            warn!(
                connections = all,
                "fewer connections than configured: the limit of open files is low"
            );
        }
        Self {
            all,
            per_address: number(tuning.connections_per_address).min(all),
            strangers: (all / 4).max(1),
            first_call: Duration::from_secs(tuning.first_call_secs),
        }
    }
}

/// Who is at the other end of a connection. Each request has it among its extensions.
#[derive(Debug)]
pub struct Peer {
    address: IpAddr,
    since: Instant,
    called: AtomicBool,
    known: AtomicBool,
    strange_calls: AtomicU64,
    ended: AtomicBool,
    over: CancellationToken,
}

impl Peer {
    /// A call with a valid token has come.
    pub fn note_known(&self) {
        self.called.store(true, Ordering::Relaxed);
        self.known.store(true, Ordering::Relaxed);
    }

    /// A call without a valid token has come, whatever for. Too many end the connection, but for one
    /// that had a valid token: its calls may all have been given up while this process stood still.
    pub fn note_strange(&self) {
        self.called.store(true, Ordering::Relaxed);
        let calls = self.strange_calls.fetch_add(1, Ordering::Relaxed);
        let most = STRANGE_CALLS + self.since.elapsed().as_secs() * STRANGE_CALLS_A_SECOND;
        if calls >= most && self.is_stranger() {
            self.end("tokenless");
        }
    }

    fn is_stranger(&self) -> bool {
        !self.known.load(Ordering::Relaxed)
    }

    fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn end(&self, reason: &'static str) {
        if !self.ended.swap(true, Ordering::AcqRel) {
            tell(reason, self.address);
            self.over.cancel();
        }
    }
}

/// Counts each connection that was ended or refused, and logs one once in a while.
fn tell(reason: &'static str, address: IpAddr) {
    static TOLD: Mutex<Option<HashMap<&'static str, (Instant, u64)>>> = Mutex::new(None);
    counter!("billing_connections_refused_total", "reason" => reason).increment(1);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let told = told.get_or_insert_default();
    match told.get_mut(reason) {
        Some((at, since)) if at.elapsed() < TELL_EVERY => *since += 1,
        entry => {
            let more = entry.map_or(0, |(_, since)| *since);
            warn!(reason, %address, more, "gRPC connection ended or refused");
            told.insert(reason, (Instant::now(), 0));
        }
    }
}

/// All connections, the oldest first.
#[derive(Debug, Default)]
struct Places {
    open: BTreeMap<u64, Arc<Peer>>,
    last: u64,
    /// Whoever waits for a place.
    waiting: Option<Waker>,
}

#[derive(Debug)]
struct Room {
    limits: Limits,
    places: Mutex<Places>,
}

/// What becomes of somebody who comes.
enum Answer {
    Admitted(u64, Arc<Peer>),
    /// Somebody is making room.
    Wait,
    Refused,
}

impl Room {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, address: IpAddr, waker: &Waker) -> Answer {
        let mut places = self.places();
        let of_address = |peer: &&Arc<Peer>| peer.address == address;
        let crowd = places.open.values();
        let here = crowd.clone().filter(of_address).count();
        let strangers: Vec<&Arc<Peer>> = crowd.filter(|peer| peer.is_stranger()).collect();
        let leaves = if here >= self.limits.per_address {
            Some(strangers.iter().find(|peer| of_address(peer)))
        } else if places.open.len() >= self.limits.all || strangers.len() >= self.limits.strangers {
            let crowded = most_frequent(&strangers);
            Some(strangers.iter().find(|peer| Some(peer.address) == crowded))
        } else {
            None
        };
        match leaves {
            None => {}
            Some(None) => return Answer::Refused,
            Some(Some(peer)) => {
                peer.end("crowded");
                places.waiting = Some(waker.clone());
                return Answer::Wait;
            }
        }
        let peer = Arc::new(Peer {
            address,
            since: Instant::now(),
            called: AtomicBool::new(false),
            known: AtomicBool::new(false),
            strange_calls: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            over: CancellationToken::new(),
        });
        places.last += 1;
        let number = places.last;
        places.open.insert(number, Arc::clone(&peer));
        count(&places);
        Answer::Admitted(number, peer)
    }

    fn leave(&self, number: u64) {
        let mut places = self.places();
        places.open.remove(&number);
        count(&places);
        if let Some(waiting) = places.waiting.take() {
            waiting.wake();
        }
    }
}

fn most_frequent(peers: &[&Arc<Peer>]) -> Option<IpAddr> {
    let mut counts = HashMap::<IpAddr, usize>::new();
    for peer in peers {
        *counts.entry(peer.address).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count)?;
    Some(most.0)
}

fn count(places: &Places) {
    let open = u32::try_from(places.open.len()).unwrap_or(u32::MAX);
    gauge!("billing_connections_open").set(f64::from(open));
}

/// The connections that tonic serves.
pub struct Port {
    incoming: TcpIncoming,
    room: Arc<Room>,
    /// Who has come and has no place yet.
    arrived: Option<TcpStream>,
    pause: Option<Pin<Box<Sleep>>>,
    /// When it was last logged that none can be accepted.
    told: Option<Instant>,
}

impl Port {
    pub fn new(listener: TcpListener, limits: Limits) -> Self {
        describe_gauge!(
            "billing_connections_open",
            "Connections to the port for gRPC."
        );
        describe_counter!(
            "billing_connections_refused_total",
            "Connections for gRPC that were ended or refused, by reason."
        );
        for reason in ["silent", "tokenless", "crowded", "full"] {
            counter!("billing_connections_refused_total", "reason" => reason).increment(0);
        }
        Self {
            incoming: TcpIncoming::from(listener)
                .with_nodelay(Some(true))
                .with_keepalive(Some(Duration::from_secs(30))),
            room: Arc::new(Room {
                limits,
                places: Mutex::default(),
            }),
            arrived: None,
            pause: None,
            told: None,
        }
    }
}

impl Stream for Port {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let arrived = match self.arrived.take() {
                Some(arrived) => arrived,
                None => match ready!(Pin::new(&mut self.incoming).poll_next(context)) {
                    Some(Ok(arrived)) => arrived,
                    // tonic would ask again at once, for as long as it lasts.
                    Some(Err(error)) => {
                        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                            self.told = Some(Instant::now());
                            warn!(%error, "cannot accept gRPC connections");
                        }
                        self.pause = Some(Box::pin(sleep(ACCEPT_PAUSE)));
                        continue;
                    }
                    None => return Poll::Ready(None),
                },
            };
            // Where it has none, it is gone.
            let Ok(address) = arrived.peer_addr().map(|address| address.ip()) else {
                continue;
            };
            match self.room.admit(address, context.waker()) {
                Answer::Admitted(number, peer) => {
                    let room = Arc::clone(&self.room);
                    let connection = Connection::new(arrived, peer, Place { number, room });
                    return Poll::Ready(Some(Ok(connection)));
                }
                Answer::Wait => {
                    self.arrived = Some(arrived);
                    return Poll::Pending;
                }
                Answer::Refused => tell("full", address),
            }
        }
    }
}

/// Free again when it is dropped.
struct Place {
    number: u64,
    room: Arc<Room>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.leave(self.number);
    }
}

/// A connection that ends by itself where its first call does not come in time.
pub struct Connection {
    // Before the place, so that its descriptor is free when the place is.
    stream: TcpStream,
    peer: Arc<Peer>,
    first_call: Option<Pin<Box<Sleep>>>,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: Place,
}

impl Connection {
    fn new(stream: TcpStream, peer: Arc<Peer>, place: Place) -> Self {
        Self {
            stream,
            first_call: Some(Box::pin(sleep(place.room.limits.first_call))),
            end: Box::pin(peer.over.clone().cancelled_owned()),
            peer,
            _place: place,
        }
    }

    /// Ready where the connection is over, whatever its peer may still send. Whoever reads or writes
    /// asks, since HTTP/2 does not read while it cannot write.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if !self.peer.is_stranger() && !self.peer.is_ended() {
            return Poll::Pending;
        }
        if self.peer.called.load(Ordering::Relaxed) {
            self.first_call = None;
        }
        if let Some(time) = &mut self.first_call
            && time.as_mut().poll(context).is_ready()
        {
            self.peer.end("silent");
        }
        ready!(self.end.as_mut().poll(context));
        Poll::Ready(io::ErrorKind::ConnectionAborted.into())
    }
}

impl Connected for Connection {
    type ConnectInfo = Arc<Peer>;

    fn connect_info(&self) -> Arc<Peer> {
        Arc::clone(&self.peer)
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(over) = self.poll_end(context) {
            return Poll::Ready(Err(over));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(over) = self.poll_end(context) {
            return Poll::Ready(Err(over));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(over) = self.poll_end(context) {
            return Poll::Ready(Err(over));
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(over) = self.poll_end(context) {
            return Poll::Ready(Err(over));
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
