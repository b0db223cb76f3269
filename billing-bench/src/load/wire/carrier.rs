//! The task that carries a connection's bytes both ways.

use std::future::poll_fn;
use std::mem::swap;
use std::pin::Pin;
use std::sync::{Mutex, Weak};
use std::task::{Context, Poll};

use anyhow::{Result, ensure};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connection::{State, lock};

/// Ends when the connection does, or nobody has it any more.
pub async fn carry(mut stream: TcpStream, state: Weak<Mutex<State>>) {
    let mut carrier = Carrier::new();
    let ended = poll_fn(|context| carrier.carry(&mut stream, &state, context)).await;
    if let (Err(error), Some(state)) = (ended, state.upgrade()) {
        lock(&state).lose(format!("connection: {error:#}"));
    }
}

/// What is on its way.
struct Carrier {
    out: Vec<u8>,
    written: usize,
    received: Vec<u8>,
    space: Box<[u8]>,
}

impl Carrier {
    fn new() -> Self {
        Self {
            out: Vec::new(),
            written: 0,
            received: Vec::new(),
            space: vec![0; 64 << 10].into(),
        }
    }

    /// Goes on for as long as there is something to read or to write.
    fn carry(
        &mut self,
        stream: &mut TcpStream,
        state: &Weak<Mutex<State>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<()>> {
        loop {
            let has_read = self.read(stream, context)?;
            let Some(state) = state.upgrade() else {
                return Poll::Ready(Ok(()));
            };
            let mut state = lock(&state);
            // It need not be woken for what it is about to write.
            state.carrier = None;
            if has_read {
                let read = state.take_in(&self.received)?;
                self.received.drain(..read);
            }
            if self.written == self.out.len() {
                self.out.clear();
                self.written = 0;
                swap(&mut self.out, &mut state.out);
            }
            state.carrier = Some(context.waker().clone());
            drop(state);
            let has_written = self.write(stream, context)?;
            if !has_read && !has_written {
                return Poll::Pending;
            }
        }
    }

    /// Says whether there was anything.
    fn read(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> Result<bool> {
        let mut buffer = ReadBuf::new(&mut self.space);
        let Poll::Ready(read) = Pin::new(stream).poll_read(context, &mut buffer) else {
            return Ok(false);
        };
        read?;
        ensure!(!buffer.filled().is_empty(), "the server has closed it");
        self.received.extend_from_slice(buffer.filled());
        Ok(true)
    }

    /// Says whether there was anything, and room for it.
    fn write(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> Result<bool> {
        let mut has_written = false;
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(context, rest) else {
                break;
            };
            self.written += written?;
            has_written = true;
        }
        Ok(has_written)
    }
}
