//! The trace that a request belongs to: W3C Trace Context, level 1
//! (<https://www.w3.org/TR/trace-context-1/>). `tracestate` is not carried, as the standard allows.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{
    SpanContext, SpanId as OtelSpanId, TraceFlags, TraceId as OtelTraceId, TraceState,
};

/// The header that carries a [`TraceContext`], over HTTP and as gRPC metadata alike.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The only flag of level 1: the caller may have recorded its part of the trace.
const SAMPLED: u8 = 0b0000_0001;

/// Where in a trace a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: NonZeroU128,
    span_id: NonZeroU64,
    sampled: bool,
}

impl TraceContext {
    /// Reads the one `traceparent` of a request. None where there is no such header, more than
    /// one, or one that the standard tells to ignore; the request then begins a trace of its own
    /// ([`TraceContext::random`]).
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        Self::parse(value.as_bytes())
    }

    /// A new trace, which nobody has recorded.
    pub fn random() -> Self {
        Self {
            trace_id: rand::random(),
            span_id: rand::random(),
            sampled: false,
        }
    }

    /// Whether the caller may have recorded its part of the trace.
    pub fn is_sampled(self) -> bool {
        self.sampled
    }

    /// The same, where this part of the trace is not recorded.
    #[must_use]
    pub fn unsampled(self) -> Self {
        Self {
            sampled: false,
            ..self
        }
    }

    /// None: the span has no ids.
    pub(crate) fn of_span(span: &SpanContext) -> Option<Self> {
        Some(Self {
            trace_id: NonZeroU128::new(u128::from_be_bytes(span.trace_id().to_bytes()))?,
            span_id: NonZeroU64::new(u64::from_be_bytes(span.span_id().to_bytes()))?,
            sampled: span.is_sampled(),
        })
    }

    pub(crate) fn span_context(self) -> SpanContext {
        SpanContext::new(
            OtelTraceId::from(self.trace_id.get()),
            OtelSpanId::from(self.span_id.get()),
            TraceFlags::default().with_sampled(self.sampled),
            true,
            TraceState::NONE,
        )
    }

    /// The value of the `traceparent` header, of version 00.
    pub fn traceparent(&self) -> HeaderValue {
        let flags = if self.sampled { SAMPLED } else { 0 };
        let text = format!("00-{}-{:016x}-{flags:02x}", self.trace_id(), self.span_id);
        #[expect(
            clippy::expect_used,
            clippy::missing_panics_doc,
            reason = "hexadecimal digits and hyphens always make a header value"
        )]
        HeaderValue::try_from(text).expect("digits and hyphens are a header value")
    }

    /// The trace's id, the name under which logs and traces are found: 32 hexadecimal digits.
    pub fn trace_id(&self) -> TraceId {
        TraceId(self.trace_id)
    }

    /// The id of the caller's part: 16 hexadecimal digits.
    pub fn span_id(&self) -> SpanId {
        SpanId(self.span_id)
    }

    /// Section 3.2.2 of the standard: fields of fixed width in lower-case hexadecimal digits. A
    /// higher version is read as far as version 00 goes, if there it ends or a hyphen follows.
    fn parse(value: &[u8]) -> Option<Self> {
        let (version, rest) = field::<2>(value)?;
        let (trace_id, rest) = field::<32>(after_hyphen(rest)?)?;
        let (span_id, rest) = field::<16>(after_hyphen(rest)?)?;
        let (flags, rest) = field::<2>(after_hyphen(rest)?)?;
        let ends_well = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        if !ends_well {
            return None;
        }
        Some(Self {
            trace_id: NonZeroU128::new(trace_id)?,
            span_id: NonZeroU64::new(u64::try_from(span_id).ok()?)?,
            sampled: flags & u128::from(SAMPLED) != 0,
        })
    }
}

/// A trace's id, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(NonZeroU128);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A span's id, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId(NonZeroU64);

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
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

fn after_hyphen(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"-")
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{HeaderValue, TRACEPARENT, TraceContext};

    // The examples of sections 3.2.2.5 and 4 of the standard.
    const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN_ID: &str = "00f067aa0ba902b7";

    fn read(value: &str) -> Option<TraceContext> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        TraceContext::from_headers(&headers)
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        let sampled = read(&format!("00-{TRACE_ID}-{SPAN_ID}-01")).unwrap();
        assert_eq!(sampled.trace_id().to_string(), TRACE_ID);
        assert_eq!(sampled.span_id.get(), 0x00f0_67aa_0ba9_02b7);
        assert!(sampled.sampled);
        let unsampled = read(&format!("00-{TRACE_ID}-{SPAN_ID}-00")).unwrap();
        assert!(!unsampled.sampled);
    }

    #[test]
    fn unknown_flags_are_read_past_and_not_sent_on() {
        let context = read(&format!("00-{TRACE_ID}-{SPAN_ID}-ff")).unwrap();
        assert_eq!(
            context.traceparent(),
            format!("00-{TRACE_ID}-{SPAN_ID}-01").as_str()
        );
    }

    #[test]
    fn a_higher_version_is_read_as_far_as_version_00_goes() {
        for value in [
            format!("01-{TRACE_ID}-{SPAN_ID}-01"),
            format!("cc-{TRACE_ID}-{SPAN_ID}-01-"),
            format!("fe-{TRACE_ID}-{SPAN_ID}-01-what-the-future-will-be-like"),
        ] {
            let context = read(&value).unwrap();
            assert_eq!(context.trace_id().to_string(), TRACE_ID, "{value}");
            assert!(context.traceparent().as_bytes().starts_with(b"00-"));
        }
    }

    #[test]
    fn what_the_standard_tells_to_ignore_is_ignored() {
        let upper = TRACE_ID.to_uppercase();
        for value in [
            String::new(),
            format!("ff-{TRACE_ID}-{SPAN_ID}-01"),
            format!("00-{}-{SPAN_ID}-01", "0".repeat(32)),
            format!("00-{TRACE_ID}-{}-01", "0".repeat(16)),
            format!("00-{upper}-{SPAN_ID}-01"),
            format!("0g-{TRACE_ID}-{SPAN_ID}-01"),
            format!("00-{TRACE_ID}-{SPAN_ID}-0"),
            format!("00-{TRACE_ID}-{SPAN_ID}-0x"),
            format!("00-{TRACE_ID}-{SPAN_ID}-01-"),
            format!("00-{TRACE_ID}-{SPAN_ID}-01-more"),
            format!("00-{TRACE_ID}-{SPAN_ID}-01 "),
            format!("cc-{TRACE_ID}-{SPAN_ID}-01.what"),
            format!("00-{TRACE_ID}1-{SPAN_ID}-01"),
            format!("00-{TRACE_ID}-{SPAN_ID}"),
            format!("00_{TRACE_ID}_{SPAN_ID}_01"),
            format!("0-{TRACE_ID}-{SPAN_ID}-01"),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }

    #[test]
    fn two_traceparents_are_as_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(TraceContext::from_headers(&headers), None);
        for _ in 0..2 {
            headers.append(TRACEPARENT, TraceContext::random().traceparent());
        }
        assert_eq!(TraceContext::from_headers(&headers), None);
    }

    #[test]
    fn a_new_trace_is_no_other_and_recorded_by_nobody() {
        let trace = TraceContext::random();
        assert_ne!(trace.trace_id(), TraceContext::random().trace_id());
        assert!(trace.traceparent().as_bytes().ends_with(b"-00"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            trace_id in any::<std::num::NonZeroU128>(),
            span_id in any::<std::num::NonZeroU64>(),
            sampled in any::<bool>(),
        ) {
            let written = TraceContext { trace_id, span_id, sampled };
            let text = written.traceparent();
            prop_assert_eq!(TraceContext::parse(text.as_bytes()), Some(written));
        }

        #[test]
        fn whatever_arrives_is_read_or_ignored(value in any::<Vec<u8>>()) {
            if let Some(context) = TraceContext::parse(&value) {
                let text = context.traceparent();
                prop_assert_eq!(value.get(3..52), text.as_bytes().get(3..52));
            }
        }

        #[test]
        fn a_header_cut_anywhere_is_ignored(length in 0_usize..55) {
            let text = TraceContext::random().traceparent();
            prop_assert_eq!(TraceContext::parse(&text.as_bytes()[..length]), None);
        }
    }
}
