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

/// A page of a proxy that could not reach the core, as tonic says it that reads a message there.
fn is_page(message: &str) -> bool {
    const OUTAGES: [&str; 3] = ["502 Bad", "503 Service", "504 Gateway"];
    message.starts_with("protocol error: received message with invalid compression flag")
        && OUTAGES.iter().any(|status| message.contains(status))
}

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
        let message = status.message();
        return BROKEN_OFF.iter().any(|text| message.starts_with(text)) || is_page(message);
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
