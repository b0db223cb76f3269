//! What both services tell about themselves: logs ([`log`]), what took long ([`slow`]), the trace that
//! a request belongs to ([`trace`]), spans of it for a collector ([`span`], [`otlp`]), the administrator's
//! port with metrics and probes ([`admin`]), how both are told to stop ([`stop`]), and what their `doctor`
//! finds ([`doctor`]).

pub mod admin;
pub mod doctor;
pub mod log;
pub mod otlp;
pub mod slow;
pub mod span;
pub mod stop;
pub mod trace;
