//! Every statement about contributions and supporters.

mod audit;
mod gift;
mod joint;
mod read;
mod settle;
mod subscription;
mod terms;

pub use audit::check;
pub use gift::{
    Agreed, find_naming, forget_contributions, insert_consents, insert_contribution, is_banned,
    judge_message, lock_message, set_anonymous, set_banned,
};
pub use joint::{BadgeTerms, Badges, MonthRow, find_badges, find_months};
pub use read::{
    Backlog, ContributionRow, SupporterRow, WaitingMessage, WallRow, count_contributions,
    find_contribution, find_supporters, list_contributions, list_judged, list_messages, list_wall,
    list_wall_of_month, message_backlog,
};
pub use settle::{
    add_to_sums, find_contributions, find_gifts, insert_supporters, lock_supporters,
    write_contributions, write_months, write_supporters,
};
pub use subscription::{
    count_monthly, find_inherited, find_live, find_live_references, find_monthly,
    find_subscriptions, upsert_subscription,
};
pub use terms::{
    accounts_of_tenant, find_sponsorships, list_tenants, lock_sponsorship, upsert_sponsorship,
};
