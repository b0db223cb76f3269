//! What both services tell about themselves: logs and spans ([`log`]), the trace that a request
//! belongs to ([`trace`]), the administrator's port with metrics and probes ([`admin`]), how both are told
//! to stop ([`stop`]), and what their `doctor` finds ([`doctor`]).

pub mod admin;
pub mod doctor;
pub mod log;
pub mod stop;
pub mod trace;
