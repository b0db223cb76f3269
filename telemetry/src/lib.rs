//! What both services tell about themselves: logs and spans ([`log`]), the trace that a request
//! belongs to ([`trace`]), and the administrator's port with metrics and probes ([`admin`]); and how
//! both are told to stop ([`stop`]).

pub mod admin;
pub mod log;
pub mod stop;
pub mod trace;
