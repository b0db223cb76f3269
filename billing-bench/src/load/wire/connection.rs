//! One HTTP/2 connection: callers put requests into it, a task of its own carries bytes both ways.

use std::collections::{HashMap, VecDeque};
use std::mem::take;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, Result, ensure};
use http::HeaderMap;
use tokio::net::TcpStream;
use tonic::{Code, Status};

use super::Rpc;
use super::carrier::carry;
use super::frame::{self, Frame, Kind};
use super::header::{self, Common};

/// What servers allow before they say otherwise.
const FIRST_WINDOW: i64 = 65_535;
const FIRST_STREAMS: usize = 100;

/// Shared by the callers and the task that carries the bytes.
#[derive(Clone)]
pub struct Connection(Arc<Mutex<State>>);

pub struct State {
    /// To be written.
    pub out: Vec<u8>,
    calls: HashMap<u32, Open>,
    /// Requests that the server has no room for yet.
    waiting: VecDeque<(u32, Request)>,
    next_stream: u32,
    /// Calls that the server has been asked and has not answered.
    asked: usize,
    streams_max: usize,
    /// How much content the server takes before it says more.
    window: i64,
    /// How much content has come since we have said that more may.
    taken: u32,
    /// The end of a call that went well, as the server writes it.
    usual_end: Option<Vec<u8>>,
    headers: Headers,
    /// The task that carries the bytes, while it sleeps.
    pub carrier: Option<Waker>,
    lost: Option<String>,
}

/// A request that goes out when the server has room for it; the message with gRPC's prefix.
struct Request {
    rpc: Rpc,
    message: Vec<u8>,
}

/// Of the calls of one connection. Whichever call goes out first tells the server what they have in
/// common.
struct Headers {
    common: Common,
    later: [Vec<u8>; Rpc::ALL.len()],
    has_begun: bool,
}

impl Headers {
    fn put(&mut self, out: &mut Vec<u8>, stream: u32, rpc: Rpc) {
        let flags = frame::END_HEADERS;
        if self.has_begun
            && let Some(block) = self.later.get(rpc.index())
        {
            frame::put(out, Kind::Headers, flags, stream, block);
            return;
        }
        let block = header::first_block(&self.common, rpc.path());
        frame::put(out, Kind::Headers, flags, stream, &block);
        self.has_begun = true;
    }
}

/// A call that has not ended.
#[derive(Default)]
struct Open {
    message: Vec<u8>,
    end: Option<Result<Vec<u8>, Status>>,
    caller: Option<Waker>,
}

impl Connection {
    /// The bytes are carried by a task on the calling runtime until the connection ends.
    pub fn start(stream: TcpStream, common: Common) -> Self {
        let mut out = Vec::new();
        frame::put_preface(&mut out);
        let connection = Self(Arc::new(Mutex::new(State {
            out,
            calls: HashMap::new(),
            waiting: VecDeque::new(),
            next_stream: 1,
            asked: 0,
            streams_max: FIRST_STREAMS,
            window: FIRST_WINDOW,
            taken: 0,
            usual_end: None,
            headers: Headers {
                common,
                later: Rpc::ALL.map(|rpc| header::later_block(rpc.path())),
                has_begun: false,
            },
            carrier: None,
            lost: None,
        })));
        tokio::spawn(carry(stream, Arc::downgrade(&connection.0)));
        connection
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// `message`: with gRPC's prefix.
    pub fn call(&self, rpc: Rpc, message: Vec<u8>) -> Call {
        let mut state = self.state();
        let stream = state.next_stream;
        state.next_stream += 2;
        state.calls.insert(stream, Open::default());
        state.waiting.push_back((stream, Request { rpc, message }));
        state.ask();
        Call {
            connection: self.clone(),
            stream,
        }
    }
}

pub fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of a call: its answer's message with gRPC's prefix. Dropped before, the call is cancelled.
pub struct Call {
    connection: Connection,
    stream: u32,
}

impl Future for Call {
    type Output = Result<Vec<u8>, Status>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.connection.state();
        let lost = state.lost.clone();
        let Some(open) = state.calls.get_mut(&self.stream) else {
            return Poll::Ready(Err(Status::internal("the call has been answered")));
        };
        if let Some(end) = open.end.take() {
            state.calls.remove(&self.stream);
            return Poll::Ready(end);
        }
        if let Some(lost) = lost {
            state.calls.remove(&self.stream);
            return Poll::Ready(Err(Status::unavailable(lost)));
        }
        open.caller = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut state = self.connection.state();
        let Some(open) = state.calls.remove(&self.stream) else {
            return;
        };
        let before = state.waiting.len();
        state.waiting.retain(|(stream, _)| *stream != self.stream);
        if open.end.is_none() && state.waiting.len() == before {
            state.asked -= 1;
            frame::put_cancel(&mut state.out, self.stream);
            state.ask();
        }
    }
}

impl State {
    /// Sends what the server has room for.
    fn ask(&mut self) {
        while self.asked < self.streams_max {
            let Some((stream, request)) = self.waiting.front() else {
                break;
            };
            let length = i64::try_from(request.message.len()).unwrap_or(i64::MAX);
            if length > self.window {
                break;
            }
            self.headers.put(&mut self.out, *stream, request.rpc);
            let flags = frame::END_STREAM;
            frame::put(&mut self.out, Kind::Data, flags, *stream, &request.message);
            self.window -= length;
            self.asked += 1;
            self.waiting.pop_front();
        }
        if !self.out.is_empty()
            && let Some(carrier) = self.carrier.take()
        {
            carrier.wake();
        }
    }

    /// Takes in all whole frames; answers with their length.
    pub fn take_in(&mut self, received: &[u8]) -> Result<usize> {
        let mut read = 0;
        while let Some((frame, length)) = Frame::first(received.get(read..).unwrap_or_default()) {
            read += length;
            self.take_frame(&frame)?;
        }
        if self.taken > frame::CONNECTION_WINDOW / 2 {
            frame::put_window(&mut self.out, take(&mut self.taken));
        }
        self.ask();
        Ok(read)
    }

    fn take_frame(&mut self, frame: &Frame<'_>) -> Result<()> {
        match frame.kind {
            Kind::Data => {
                self.taken += u32::try_from(frame.content.len())?;
                let content = frame.bare().context("a malformed frame")?;
                // None: it was cancelled.
                if let Some(open) = self.calls.get_mut(&frame.stream) {
                    open.message.extend_from_slice(content);
                }
                ensure!(!frame.has(frame::END_STREAM), "an answer without a status");
            }
            Kind::Headers => {
                ensure!(frame.has(frame::END_HEADERS), "headers of several frames");
                if frame.has(frame::END_STREAM) {
                    let end = self.read_end(frame.bare().context("a malformed frame")?)?;
                    self.end(frame.stream, end);
                }
            }
            Kind::Reset => {
                let reason = frame.number().unwrap_or_default();
                let status = Status::unavailable(format!("the server reset the call: {reason}"));
                self.end(frame.stream, Err(status));
            }
            Kind::Settings if !frame.has(frame::ACK) => {
                for (name, value) in frame.settings() {
                    if name == frame::MAX_CONCURRENT_STREAMS {
                        self.streams_max = usize::try_from(value)?;
                    }
                }
                frame::put(&mut self.out, Kind::Settings, frame::ACK, 0, &[]);
            }
            Kind::Ping if !frame.has(frame::ACK) => {
                frame::put(&mut self.out, Kind::Ping, frame::ACK, 0, frame.content);
            }
            Kind::WindowUpdate if frame.stream == 0 => {
                self.window += i64::from(frame.number().context("a malformed frame")?);
            }
            // Of a server that goes away what it still answers is taken; then it closes. The window
            // of a single call is far wider than its request.
            Kind::GoAway | Kind::Settings | Kind::Ping | Kind::WindowUpdate | Kind::Other(_) => {}
        }
        Ok(())
    }

    /// The status that a call ends with.
    fn read_end(&mut self, block: &[u8]) -> Result<Result<(), Status>> {
        if self.usual_end.as_deref() == Some(block) {
            return Ok(Ok(()));
        }
        let headers: HeaderMap = header::read(block)?;
        let status = Status::from_header_map(&headers)
            .unwrap_or_else(|| Status::unknown("an answer without a status"));
        if status.code() != Code::Ok {
            return Ok(Err(status));
        }
        self.usual_end = Some(block.to_vec());
        Ok(Ok(()))
    }

    fn end(&mut self, stream: u32, end: Result<(), Status>) {
        let Some(open) = self.calls.get_mut(&stream) else {
            return;
        };
        if open.end.is_none() {
            self.asked -= 1;
        }
        open.end = Some(end.map(|()| take(&mut open.message)));
        if let Some(caller) = open.caller.take() {
            caller.wake();
        }
    }

    /// Nothing will be heard any more.
    pub fn lose(&mut self, reason: String) {
        self.lost = Some(reason);
        for open in self.calls.values_mut() {
            if let Some(caller) = open.caller.take() {
                caller.wake();
            }
        }
    }
}
