//! What the sandbox promises of Fondy. What Fondy's own client sees of it is in `tests/fondy`.

mod api;
mod callbacks;
mod faults;
mod lifetime;
mod page;
mod stage;
mod tls;
