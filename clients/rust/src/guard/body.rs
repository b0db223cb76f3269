//! Bodies on their way through the guard.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::ending::Watch;

pin_project! {
    /// A request's body: read already, or as it arrives.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        read: Option<Bytes>,
        #[pin]
        unread: Option<B>,
    }
}

pin_project! {
    /// An answer's body. When it is complete the call ends; dropped before, the call is abandoned.
    #[derive(Debug)]
    pub struct GuardedBody<R> {
        #[pin]
        body: Option<R>,
        watch: Option<Watch>,
        refusal: Option<Bytes>,
    }
}

impl<B> RequestBody<B> {
    pub(super) fn read(read: Bytes) -> Self {
        Self {
            read: Some(read).filter(|read| !read.is_empty()),
            unread: None,
        }
    }

    pub(super) fn unread(unread: B) -> Self {
        Self {
            read: None,
            unread: Some(unread),
        }
    }
}

impl<B: Body<Data = Bytes>> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        match this.unread.as_pin_mut() {
            Some(body) => body.poll_frame(cx),
            None => Poll::Ready(this.read.take().map(|read| Ok(Frame::data(read)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.unread {
            Some(body) => body.is_end_stream(),
            None => self.read.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.unread {
            Some(body) => body.size_hint(),
            None => exactly(self.read.as_ref()),
        }
    }
}

impl<R> GuardedBody<R> {
    pub(super) fn guarded(body: R, watch: Option<Watch>) -> Self {
        Self {
            body: Some(body),
            watch,
            refusal: None,
        }
    }
}

impl<R> From<Bytes> for GuardedBody<R> {
    /// Of a call that is not made.
    fn from(refusal: Bytes) -> Self {
        Self {
            body: None,
            watch: None,
            refusal: Some(refusal).filter(|refusal| !refusal.is_empty()),
        }
    }
}

impl<R> Default for GuardedBody<R> {
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl<R: Body<Data = Bytes>> Body for GuardedBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        let mut this = self.project();
        let Some(mut body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Ready(this.refusal.take().map(|text| Ok(Frame::data(text))));
        };
        let frame = ready!(body.as_mut().poll_frame(cx));
        if let Some(watch) = this.watch {
            match &frame {
                Some(Ok(frame)) => watch.saw(frame, body.is_end_stream()),
                Some(Err(_)) => watch.broke_off(),
                None => watch.saw_the_end(),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Some(body) => body.is_end_stream(),
            None => self.refusal.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => body.size_hint(),
            None => exactly(self.refusal.as_ref()),
        }
    }
}

fn exactly(bytes: Option<&Bytes>) -> SizeHint {
    let length = bytes.map_or(0, Bytes::len);
    u64::try_from(length).map_or_else(|_| SizeHint::new(), SizeHint::with_exact)
}
