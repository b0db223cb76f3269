//! Every statement about all of a person.

mod erase;
mod events;
mod export;

pub use erase::{
    delete_contact, delete_customers, erase_changes, erase_notes, erase_payments, erase_refunds,
    erase_repairs, find_left, find_open_payments, finish, has_words, insert_erasure, lock_account,
    lock_payments,
};
pub use events::{Found, Searched, erase_events, find_events, find_needles, note_searched};
pub use export::{
    Row, find_consents, find_contributions, find_entries, find_head, find_holds, find_notices,
    find_payments, find_subscriptions,
};
