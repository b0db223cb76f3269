//! When an answer is complete, and whether it is a good one.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body::{Body, Frame};

use super::body::GuardedBody;
use crate::answer::Answer;
use crate::call::Call;

const GRPC_STATUS: &str = "grpc-status";

/// How an answer says whether the call went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// By its status.
    Http,
    /// By `grpc-status`, in the trailers, or in the headers of an answer without a message.
    Grpc,
}

/// Watches an answer until it is complete, and then ends its call. Dropped before, it abandons it.
#[derive(Debug)]
pub(super) struct Watch {
    /// None: has ended.
    call: Option<Call>,
    wire: Wire,
    is_over: bool,
    /// Bytes that are still to come, where the answer tells its length: whoever sends them may not ask for
    /// the end after the last.
    left: Option<u64>,
}

impl Wire {
    /// Answers a call that is not made.
    pub(super) fn refuse<R>(self, answer: Answer) -> Response<GuardedBody<R>> {
        match self {
            Self::Http => answer.into_http(),
            Self::Grpc => answer.to_grpc().into_http(),
        }
    }

    pub(super) fn watch<R: Body<Data = Bytes>>(
        self,
        call: Call,
        response: Response<R>,
    ) -> Response<GuardedBody<R>> {
        let (parts, body) = response.into_parts();
        let watch = match self.says(parts.status, &parts.headers) {
            Some(true) => {
                call.end();
                None
            }
            Some(false) => {
                call.abandon();
                None
            }
            None => Some(Watch {
                call: Some(call),
                wire: self,
                is_over: body.is_end_stream(),
                left: length(&parts.headers).or_else(|| body.size_hint().exact()),
            }),
        };
        Response::from_parts(parts, GuardedBody::guarded(body, watch))
    }

    /// Whether the call went well, as far as the head of its answer tells. None: the rest tells.
    fn says(self, status: StatusCode, headers: &HeaderMap) -> Option<bool> {
        if status.as_u16() >= 400 {
            return Some(false);
        }
        match self {
            Self::Http => None,
            Self::Grpc => headers.get(GRPC_STATUS).map(|status| status == "0"),
        }
    }
}

impl Watch {
    pub(super) fn saw(&mut self, frame: &Frame<Bytes>, is_over: bool) {
        self.is_over = is_over;
        if let (Some(left), Some(data)) = (self.left, frame.data_ref()) {
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            self.left = Some(left.saturating_sub(length));
        }
        if self.wire == Wire::Grpc
            && let Some(trailers) = frame.trailers_ref()
        {
            self.finish(
                trailers
                    .get(GRPC_STATUS)
                    .is_some_and(|status| status == "0"),
            );
        }
    }

    pub(super) fn saw_the_end(&mut self) {
        self.finish(self.wire == Wire::Http);
    }

    pub(super) fn broke_off(&mut self) {
        self.finish(false);
    }

    fn finish(&mut self, is_well: bool) {
        let Some(call) = self.call.take() else {
            return;
        };
        if is_well {
            call.end();
        } else {
            call.abandon();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let is_complete = self.is_over || self.left == Some(0);
        self.finish(is_complete && self.wire == Wire::Http);
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
