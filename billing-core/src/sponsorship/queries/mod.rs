//! Every statement about contributions and supporters.

mod audit;
mod gift;
mod read;
mod settle;
mod terms;

pub use audit::check;
pub use gift::{
    Agreed, forget_contributions, insert_consents, insert_contribution, judge_message,
    set_anonymous, set_banned,
};
pub use read::{
    ContributionRow, SupporterRow, count_contributions, find_contribution, find_sums,
    find_supporters, list_contributions, list_messages, list_wall, list_wall_of_month,
};
pub use settle::{
    add_to_sums, find_contributions, find_gifts, insert_supporters, lock_supporters,
    write_contributions, write_months, write_supporters,
};
pub use terms::{find_sponsorships, upsert_sponsorship};
