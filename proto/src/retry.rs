//! Which errors are worth another try, for callers of the core.

use std::error::Error as _;

use tonic::{Code, Status, TimeoutExpired};

/// An answer that broke off, as tonic says it: hyper takes a stream that was reset without an error
/// for one that has ended, so that no cause is left.
const BROKEN_OFF: [&str; 3] = [
    "protocol error: missing grpc-status trailer",
    "Unexpected EOF decoding stream.",
    "Missing response message.",
];

/// Whether the same call may be answered if it is made again: the core could not answer just now, or
/// the way to it failed. A connection that is lost has whichever code its end had (CANCELLED, INTERNAL,
/// UNKNOWN, UNAVAILABLE), but a cause on this side, which nothing that the core says can have.
///
/// The call may have been carried out. Only repeat one that reads, or that has a key or names a hold.
pub fn may_help(status: &Status) -> bool {
    if status.code() == Code::Unavailable {
        return true;
    }
    let mut cause = status.source();
    if cause.is_none() {
        return BROKEN_OFF
            .iter()
            .any(|text| status.message().starts_with(text));
    }
    while let Some(error) = cause {
        // The caller's own patience, which tonic calls CANCELLED.
        if error.is::<TimeoutExpired>() {
            return false;
        }
        cause = error.source();
    }
    true
}
