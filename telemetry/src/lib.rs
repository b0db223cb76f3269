//! What both services tell about themselves: logs ([`log`]), what took long ([`slow`]), the trace that
//! a request belongs to ([`trace`]), spans of it for a collector ([`span`], [`otlp`]), and the
//! administrator's port with metrics and probes ([`admin`]).

pub mod admin;
pub mod log;
pub mod otlp;
pub mod slow;
pub mod span;
pub mod trace;
