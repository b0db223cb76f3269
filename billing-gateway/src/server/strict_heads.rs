//! Lines of a head end with a carriage return and a line feed, and with nothing else. hyper takes a
//! bare line feed for an end too, and offers no setting: a proxy in front that does not would see
//! another request than the gateway does. So the bytes are followed on their way to hyper, head by
//! head: at a bare line feed the head is cut, and ended as no head may end, which hyper answers with
//! 400.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// No head holds a NUL.
const BAD_END: &[u8] = b"\0\r\n\r\n";

/// Where hyper's reading of heads is told: how the body ends that comes next.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadRead(Arc<Mutex<Option<Follower>>>);

impl HeadRead {
    /// To be called with each request, before its body is read. `length`: none for one in chunks.
    pub(crate) fn told(&self, length: Option<u64>) {
        let body = length.map_or(Follower::ChunkSize(0), Follower::Body);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body.settled());
    }

    fn take(&self) -> Option<Follower> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A connection whose heads are followed.
#[derive(Debug)]
pub(crate) struct StrictHeads {
    stream: TcpStream,
    follower: Follower,
    head_read: HeadRead,
    /// What came behind a head: hyper gets it once it has told how the body ends.
    held: Vec<u8>,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follower {
    /// Empty lines may come before a head.
    BeforeHead(Line),
    Head(Line),
    HeadEnded,
    /// So many bytes are left.
    Body(u64),
    /// The size so far.
    ChunkSize(u64),
    ChunkExtension(u64),
    /// So many bytes are left, the end of its line included.
    Chunk(u64),
    Trailers(Line),
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Empty,
    EmptyReturned,
    Text,
    TextReturned,
}

/// What a byte makes of a line.
enum Grown {
    Into(Line),
    /// It is ended, and empty.
    Nothing,
    BareLineFeed,
}

impl Line {
    fn with(self, byte: u8) -> Grown {
        match (self, byte) {
            (Self::Empty | Self::Text, b'\n') => Grown::BareLineFeed,
            (Self::EmptyReturned, b'\n') => Grown::Nothing,
            (Self::TextReturned, b'\n') => Grown::Into(Self::Empty),
            (Self::Empty | Self::EmptyReturned, b'\r') => Grown::Into(Self::EmptyReturned),
            (Self::Text | Self::TextReturned, b'\r') => Grown::Into(Self::TextReturned),
            _ => Grown::Into(Self::Text),
        }
    }
}

impl Follower {
    /// How many of the next bytes hyper may have now: up to the end of a head, or to a bare line feed.
    fn follow(&mut self, bytes: &[u8]) -> usize {
        let mut passed: usize = 0;
        while let Some(rest @ [byte, ..]) = bytes.get(passed..) {
            match self {
                Self::HeadEnded => break,
                Self::Refused => return bytes.len(),
                Self::Body(left) | Self::Chunk(left) => {
                    let here = usize::try_from(*left).map_or(rest.len(), |n| n.min(rest.len()));
                    *left = left.saturating_sub(u64::try_from(here).unwrap_or(u64::MAX));
                    passed = passed.saturating_add(here);
                }
                _ => {
                    *self = self.with(*byte);
                    if *self == Self::Refused {
                        break;
                    }
                    passed = passed.saturating_add(1);
                }
            }
            *self = self.settled();
        }
        passed
    }

    fn with(self, byte: u8) -> Self {
        let (line, same, at_empty): (_, fn(Line) -> Self, _) = match self {
            Self::BeforeHead(line) => (line, Self::BeforeHead, Self::BeforeHead(Line::Empty)),
            Self::Head(line) => (line, Self::Head, Self::HeadEnded),
            Self::Trailers(line) => (line, Self::Trailers, Self::BeforeHead(Line::Empty)),
            Self::ChunkSize(size) => {
                let digit = char::from(byte).to_digit(16).map(u64::from);
                // Sizes that are none, and too large ones, hyper refuses.
                return match digit {
                    Some(digit) => Self::ChunkSize(size.saturating_mul(16).saturating_add(digit)),
                    None => Self::ChunkExtension(size).with(byte),
                };
            }
            Self::ChunkExtension(0) if byte == b'\n' => return Self::Trailers(Line::Empty),
            Self::ChunkExtension(size) if byte == b'\n' => {
                return Self::Chunk(size.saturating_add(2));
            }
            other => return other,
        };
        match line.with(byte) {
            Grown::Into(Line::Empty) if matches!(self, Self::BeforeHead(_)) => {
                Self::Head(Line::Empty)
            }
            Grown::Into(line) => same(line),
            Grown::Nothing => at_empty,
            Grown::BareLineFeed => Self::Refused,
        }
    }

    /// What follows where nothing is left.
    fn settled(self) -> Self {
        match self {
            Self::Body(0) => Self::BeforeHead(Line::Empty),
            Self::Chunk(0) => Self::ChunkSize(0),
            other => other,
        }
    }
}

impl StrictHeads {
    pub(crate) fn new(stream: TcpStream, head_read: HeadRead) -> Self {
        Self {
            stream,
            follower: Follower::BeforeHead(Line::Empty),
            head_read,
            held: Vec::new(),
        }
    }

    /// Reads what was held, or else from the stream.
    fn poll_more(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() {
            // Connections are many, and most are idle.
            self.held = Vec::new();
            return Pin::new(&mut self.stream).poll_read(cx, out);
        }
        let fits = self.held.len().min(out.remaining());
        for byte in self.held.drain(..fits) {
            out.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for StrictHeads {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = out.filled().len();
        loop {
            if this.follower == Follower::HeadEnded {
                // hyper reads on once it has made a request of the head.
                let body = this.head_read.take();
                this.follower = body.ok_or_else(|| io::Error::other("a head that was not told"))?;
            }
            ready!(this.poll_more(cx, out))?;
            let new = out.filled().get(before..).unwrap_or_default();
            if new.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let passed = this.follower.follow(new);
            let rest = new.get(passed..).unwrap_or_default();
            if !rest.is_empty() {
                let held = if this.follower == Follower::Refused {
                    BAD_END
                } else {
                    rest
                };
                this.held.splice(..0, held.iter().copied());
                out.set_filled(before.saturating_add(passed));
            }
            if passed > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for StrictHeads {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
