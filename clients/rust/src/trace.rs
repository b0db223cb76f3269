//! The trace that a call belongs to: W3C Trace Context, level 1
//! (<https://www.w3.org/TR/trace-context-1/>). `tracestate` is not carried, as the standard allows.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries a trace, over HTTP and as gRPC metadata alike.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The only flag of level 1: the caller may have recorded its part of the trace.
const SAMPLED: u8 = 0b0000_0001;

/// Where in a trace a call stands. Its trace id is the `request_id` of the call's hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Of version 00.
    traceparent: HeaderValue,
}

impl Trace {
    /// The one valid `traceparent` of a request; else a new trace.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let one = values.next().filter(|_| values.next().is_none());
        one.and_then(|value| Self::parse(value.as_bytes()))
            .unwrap_or_else(Self::random)
    }

    /// A new trace, which nobody has recorded.
    pub fn random() -> Self {
        // An id of 0 is none.
        let trace_id: std::num::NonZeroU128 = rand::random();
        let span_id: std::num::NonZeroU64 = rand::random();
        Self::write(trace_id.get(), u128::from(span_id.get()), false)
    }

    /// Section 3.2.2 of the standard: fields of fixed width in lower-case hexadecimal digits. A higher
    /// version is read as far as version 00 goes, if there it ends or a hyphen follows.
    pub fn parse(traceparent: &[u8]) -> Option<Self> {
        let (version, rest) = field::<2>(traceparent)?;
        let (trace_id, rest) = field::<32>(rest.strip_prefix(b"-")?)?;
        let (span_id, rest) = field::<16>(rest.strip_prefix(b"-")?)?;
        let (flags, rest) = field::<2>(rest.strip_prefix(b"-")?)?;
        let ends_well = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        let is_valid = ends_well && trace_id != 0 && span_id != 0;
        is_valid.then(|| Self::write(trace_id, span_id, flags & u128::from(SAMPLED) != 0))
    }

    /// 32 hexadecimal digits, the name under which logs and traces are found.
    pub fn trace_id(&self) -> &str {
        let text = self.traceparent.to_str().unwrap_or_default();
        text.get(3..35).unwrap_or_default()
    }

    /// The value of the `traceparent` header.
    pub fn traceparent(&self) -> &HeaderValue {
        &self.traceparent
    }

    pub(crate) fn text(&self) -> &str {
        self.traceparent.to_str().unwrap_or_default()
    }

    fn write(trace_id: u128, span_id: u128, sampled: bool) -> Self {
        let flags = if sampled { SAMPLED } else { 0 };
        let text = format!("00-{trace_id:032x}-{span_id:016x}-{flags:02x}");
        #[expect(
            clippy::expect_used,
            reason = "hexadecimal digits and hyphens always make a header value"
        )]
        let traceparent = HeaderValue::try_from(text).expect("digits and hyphens are a value");
        Self { traceparent }
    }
}

/// The number in the first `N` bytes, which must be lower-case hexadecimal digits, and the rest.
fn field<const N: usize>(value: &[u8]) -> Option<(u128, &[u8])> {
    let (digits, rest) = value.split_first_chunk::<N>()?;
    let mut number = 0;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        number = (number << 4) | u128::from(digit);
    }
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{TRACEPARENT, Trace};

    // The examples of sections 3.2.2.5 and 4 of the standard.
    const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN_ID: &str = "00f067aa0ba902b7";

    #[test]
    fn the_callers_trace_is_read_and_sent_on_as_version_00() {
        for (value, flags) in [
            (format!("00-{TRACE_ID}-{SPAN_ID}-01"), "01"),
            (format!("00-{TRACE_ID}-{SPAN_ID}-00"), "00"),
            (format!("00-{TRACE_ID}-{SPAN_ID}-ff"), "01"),
            (format!("cc-{TRACE_ID}-{SPAN_ID}-01-later"), "01"),
        ] {
            let trace = Trace::parse(value.as_bytes()).unwrap();
            assert_eq!(trace.trace_id(), TRACE_ID, "{value}");
            let expected = format!("00-{TRACE_ID}-{SPAN_ID}-{flags}");
            assert_eq!(trace.text(), expected);
        }
    }

    #[test]
    fn what_the_standard_tells_to_ignore_is_ignored() {
        for value in [
            String::new(),
            format!("ff-{TRACE_ID}-{SPAN_ID}-01"),
            format!("00-{}-{SPAN_ID}-01", "0".repeat(32)),
            format!("00-{TRACE_ID}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN_ID}-01", TRACE_ID.to_uppercase()),
            format!("00-{TRACE_ID}-{SPAN_ID}-01-"),
            format!("00-{TRACE_ID}-{SPAN_ID}-0x"),
            format!("cc-{TRACE_ID}-{SPAN_ID}-01.later"),
            format!("00_{TRACE_ID}_{SPAN_ID}_01"),
        ] {
            assert_eq!(Trace::parse(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn none_and_two_begin_a_new_trace() {
        let mut headers = HeaderMap::new();
        assert_ne!(Trace::from_headers(&headers), Trace::from_headers(&headers));
        let value = format!("00-{TRACE_ID}-{SPAN_ID}-01");
        let value = HeaderValue::from_str(&value).unwrap();
        headers.append(TRACEPARENT, value.clone());
        assert_eq!(Trace::from_headers(&headers).trace_id(), TRACE_ID);
        headers.append(TRACEPARENT, value);
        assert_ne!(Trace::from_headers(&headers).trace_id(), TRACE_ID);
    }
}
