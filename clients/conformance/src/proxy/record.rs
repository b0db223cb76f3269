//! A request as its bytes say it.

use billing_proto::v1;
use billing_proto::v1::cost::Cost as CostKind;
use http::HeaderMap;
use http::request::Parts;
use prost::{DecodeError, Message};
use serde_json::{Value, json};

use crate::calls::Seen;
use crate::scenario::Rpc;

/// The flag that says whether the message is compressed, and its length.
const PREFIX_BYTES: usize = 5;

pub fn request(head: &Parts, body: &[u8]) -> Seen {
    let name = head.uri.path().rsplit('/').next().unwrap_or_default();
    let mut seen = Seen {
        name: name.to_owned(),
        rpc: Rpc::of(name),
        trace_id: header(&head.headers, "traceparent").and_then(trace_id),
        grpc_timeout_ms: header(&head.headers, "grpc-timeout").and_then(milliseconds),
        ..Seen::default()
    };
    let message = body.get(PREFIX_BYTES..).unwrap_or_default();
    if let Some(rpc) = seen.rpc
        && read(rpc, message, &mut seen).is_err()
    {
        seen.name = format!("{name}, which cannot be read");
        seen.rpc = None;
    }
    seen
}

/// The hold that an answer to `PlaceHold` names. That of another RPC names its hold in the request.
pub fn placed_hold(body: &[u8]) -> Option<String> {
    let message = body.get(PREFIX_BYTES..)?;
    let placed = v1::PlaceHoldResponse::decode(message).ok()?;
    Some(placed.hold?.hold_id)
}

fn read(rpc: Rpc, message: &[u8], seen: &mut Seen) -> Result<(), DecodeError> {
    match rpc {
        Rpc::CheckBalance => {
            let check = v1::CheckBalanceRequest::decode(message)?;
            seen.user = user(check.account);
            seen.cost = check.cost.and_then(cost);
        }
        Rpc::PlaceHold => {
            let place = v1::PlaceHoldRequest::decode(message)?;
            seen.user = user(place.account);
            seen.cost = place.cost.and_then(cost);
            seen.key = Some(place.idempotency_key);
            seen.request_id = Some(place.request_id);
            seen.ttl_ms = place.ttl.map(ttl_ms);
        }
        Rpc::CaptureHold => {
            let capture = v1::CaptureHoldRequest::decode(message)?;
            let policy = capture.overage_policy();
            seen.allows_debt = Some(matches!(
                policy,
                v1::OveragePolicy::Unspecified | v1::OveragePolicy::AllowDebt
            ));
            seen.user = user(capture.account);
            seen.hold = Some(capture.hold_id);
            seen.cost = capture.cost.and_then(cost);
            seen.settle_expired = Some(capture.settle_expired);
        }
        Rpc::ReleaseHold => {
            let release = v1::ReleaseHoldRequest::decode(message)?;
            seen.user = user(release.account);
            seen.hold = Some(release.hold_id);
        }
        Rpc::ExtendHold => {
            let extend = v1::ExtendHoldRequest::decode(message)?;
            seen.user = user(extend.account);
            seen.hold = Some(extend.hold_id);
            seen.ttl_ms = extend.ttl.map(ttl_ms);
        }
        Rpc::Charge => {
            let charge = v1::ChargeRequest::decode(message)?;
            seen.allows_debt = Some(charge.overage_policy() == v1::OveragePolicy::AllowDebt);
            seen.user = user(charge.account);
            seen.key = Some(charge.idempotency_key);
            seen.request_id = Some(charge.request_id);
            seen.cost = charge.cost.and_then(cost);
        }
    }
    Ok(())
}

fn user(account: Option<v1::AccountRef>) -> String {
    account.map(|account| account.user_id).unwrap_or_default()
}

fn cost(cost: v1::Cost) -> Option<Value> {
    Some(match cost.cost? {
        CostKind::AmountMicros(micros) => json!({"amount_micros": micros}),
        CostKind::Tool(usage) => json!({"tool": usage.name, "quantities": usage.quantities}),
    })
}

fn ttl_ms(ttl: prost_types::Duration) -> i64 {
    ttl.seconds * 1_000 + i64::from(ttl.nanos) / 1_000_000
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Of a valid `traceparent` of version 00.
fn trace_id(traceparent: &str) -> Option<String> {
    let parts: Vec<_> = traceparent.split('-').collect();
    let &[version, trace, parent, flags] = parts.as_slice() else {
        return None;
    };
    let is_hex = |text: &str, digits: usize| {
        let mut bytes = text.bytes();
        text.len() == digits && bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |text: &str, digits| is_hex(text, digits) && text.bytes().any(|byte| byte != b'0');
    (version == "00" && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2))
        .then(|| trace.to_owned())
}

/// Of a `grpc-timeout`, rounded up.
fn milliseconds(timeout: &str) -> Option<i64> {
    let (digits, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    let number: i64 = digits.parse().ok()?;
    match unit {
        "H" => number.checked_mul(3_600_000),
        "M" => number.checked_mul(60_000),
        "S" => number.checked_mul(1_000),
        "m" => Some(number),
        "u" => Some(number.checked_add(999)? / 1_000),
        "n" => Some(number.checked_add(999_999)? / 1_000_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, trace_id};

    #[test]
    fn a_timeout_is_read_in_every_unit() {
        for (timeout, expected) in [
            ("2S", Some(2_000)),
            ("1500m", Some(1_500)),
            ("1999001u", Some(2_000)),
            ("1n", Some(1)),
            ("1M", Some(60_000)),
            ("S", None),
            ("", None),
            ("2s", None),
        ] {
            assert_eq!(milliseconds(timeout), expected, "{timeout}");
        }
    }

    #[test]
    fn only_a_valid_traceparent_has_a_trace_id() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let valid = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&valid).as_deref(), Some(trace));
        for other in [
            valid.replace(trace, &"0".repeat(32)),
            valid.replace(trace, &trace.to_uppercase()),
            valid.replace("00f067aa0ba902b7", "00f067aa0ba902b"),
            valid.replace("-01", ""),
            String::new(),
        ] {
            assert_eq!(trace_id(&other), None, "{other}");
        }
    }
}
