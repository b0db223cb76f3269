//! Callers who do not give up, what they were told, and a checker that compares it with the books:
//! what the crash tests and the soak share. Knows the contract, and nothing of the product's inside.

pub mod books;
pub mod callers;
pub mod checker;
pub mod journal;
pub mod load;
