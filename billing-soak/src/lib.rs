//! Callers who do not give up, what they were told, and a checker that compares it with the books
//! and with itself: what the crash tests and the soak share. Knows the contract, and nothing of the
//! product's inside.

pub mod answers;
pub mod ask;
pub mod books;
pub mod callers;
pub mod checker;
pub mod ending;
pub mod faults;
pub mod history;
pub mod journal;
pub mod linear;
pub mod load;
pub mod options;
pub mod order;
pub mod program;
pub mod proxy;
pub mod report;
pub mod room;
pub mod soak;
pub mod verdict;
