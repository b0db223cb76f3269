//! People as those whom data is about: what is stored of one of them, on the side of balances as on that of
//! contributions, and how it is erased. What is kept, and why, says
//! [decision 33](../../../docs/decisions/0033-what-is-left-of-a-person.md).

mod erase;
mod export;
pub mod grpc;
mod queries;

pub use erase::{Erased, Erasure, Named, OpenPayment, erase};
pub use export::{NoPage, Page, Part, part};
pub use grpc::parse_emails;
