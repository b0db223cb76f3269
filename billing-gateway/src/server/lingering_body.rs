//! A body that is thrown away where nobody reads it to its end. Usual clients send all of a body before
//! they read the answer: a connection that is closed before is a broken pipe to them, and the answer
//! lost.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

use super::fair_room::Place;

/// For so long, and so much, a client is let go on that was answered already.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 32 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct LingeringBody {
    /// None once it has ended.
    rest: Option<Incoming>,
    /// Kept from when all of it was read.
    connection: Arc<Place>,
}

impl LingeringBody {
    pub(crate) fn new(body: Incoming, connection: Arc<Place>) -> Self {
        if body.is_end_stream() {
            connection.keep();
        }
        Self {
            rest: Some(body),
            connection,
        }
    }
}

impl Body for LingeringBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(rest).poll_frame(cx));
        if frame.is_none() {
            self.connection.keep();
        }
        if !matches!(frame, Some(Ok(_))) {
            self.rest = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let ended = || SizeHint::with_exact(0);
        self.rest.as_ref().map_or_else(ended, Body::size_hint)
    }
}

impl Drop for LingeringBody {
    fn drop(&mut self) {
        // Also where the client asked whether it may send it: many do so anyway after a pause.
        if let Some(rest) = self.rest.take()
            && !rest.is_end_stream()
            // None where the process ends.
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async { tokio::time::timeout(LINGER, throw_away(rest)).await });
        }
    }
}

async fn throw_away(mut body: Incoming) {
    let mut left = LINGER_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
