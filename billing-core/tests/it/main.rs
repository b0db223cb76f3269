//! The core over the real wire, on a real PostgreSQL.

mod support;

mod charge;
