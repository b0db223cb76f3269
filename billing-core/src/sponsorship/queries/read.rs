//! What people see.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::{Date as SqlDate, Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgExecutor, query, query_as, query_scalar};
use uuid::Uuid;

use super::super::totals::Given;
use super::super::{Profile, Totals};
use crate::id::{AccountId, PaymentId};

/// A contribution as it is read.
#[derive(Clone, Debug)]
pub struct ContributionRow {
    pub id: PaymentId,
    pub payment_state: String,
    pub amount_minor: i64,
    pub net_minor: i64,
    pub is_anonymous: bool,
    pub message: Option<String>,
    pub message_state: String,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// By the database's clock.
    pub paid_within_the_hour: bool,
    /// The number of the first payment of its subscription.
    pub subscription: Option<Uuid>,
}

/// A tenant's contribution of this number.
pub async fn find_contribution(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    number: Uuid,
) -> Result<Option<ContributionRow>, sqlx::Error> {
    let row = query!(
        r#"select c.account_id, c.payment_id, p.state, p.amount_minor, c.net_minor, c.is_anonymous, c.message,
            c.message_state, c.created_at as "created_at: SqlTimestamp", c.paid_at as "paid_at: SqlTimestamp",
            coalesce(c.paid_at > clock_timestamp() - interval '1 hour', false) as "is_fresh!",
            p.subscription_id
        from contribution c join payment p on p.account_id = c.account_id and p.payment_id = c.payment_id
        where c.payment_id = $2 and c.tenant_id = $1"#,
        tenant,
        number,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| ContributionRow {
        id: PaymentId {
            account: AccountId::from_uuid(row.account_id),
            number: row.payment_id,
        },
        payment_state: row.state,
        amount_minor: row.amount_minor,
        net_minor: row.net_minor,
        is_anonymous: row.is_anonymous,
        message: row.message,
        message_state: row.message_state,
        created_at: row.created_at.to_jiff(),
        paid_at: row.paid_at.map(SqlTimestamp::to_jiff),
        paid_within_the_hour: row.is_fresh,
        subscription: row.subscription_id,
    }))
}

/// A person's contributions, newest first.
pub async fn list_contributions(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    most: i64,
    offset: i64,
) -> Result<Vec<ContributionRow>, sqlx::Error> {
    let rows = query!(
        r#"select c.payment_id, p.state, p.amount_minor, c.net_minor, c.is_anonymous, c.message,
            c.message_state, c.created_at as "created_at: SqlTimestamp", c.paid_at as "paid_at: SqlTimestamp",
            coalesce(c.paid_at > clock_timestamp() - interval '1 hour', false) as "is_fresh!",
            p.subscription_id
        from contribution c join payment p on p.account_id = c.account_id and p.payment_id = c.payment_id
        where c.account_id = $1 order by c.payment_id desc limit $2 offset $3"#,
        account.uuid(),
        most,
        offset,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ContributionRow {
            id: PaymentId {
                account,
                number: row.payment_id,
            },
            payment_state: row.state,
            amount_minor: row.amount_minor,
            net_minor: row.net_minor,
            is_anonymous: row.is_anonymous,
            message: row.message,
            message_state: row.message_state,
            created_at: row.created_at.to_jiff(),
            paid_at: row.paid_at.map(SqlTimestamp::to_jiff),
            paid_within_the_hour: row.is_fresh,
            subscription: row.subscription_id,
        })
        .collect())
}

/// How many contributions a person has begun.
pub async fn count_contributions(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        r#"select count(*) as "count!" from contribution where account_id = $1"#,
        account.uuid(),
    )
    .fetch_one(executor)
    .await
}

/// How a supporter stands without their months.
#[derive(Clone, Debug)]
pub struct SupporterRow {
    pub profile: Profile,
    pub totals: Totals,
}

/// Those of the accounts that have begun a contribution or said how they want to be shown.
pub async fn find_supporters(
    executor: impl PgExecutor<'_>,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, SupporterRow>, sqlx::Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|account| account.uuid()).collect();
    let rows = query!(
        r#"select account_id, display_name, is_anonymous, show_badge, hidden, net_minor, contributions,
            first_at as "first_at: SqlTimestamp", public_minor, public_contributions,
            public_since as "public_since: SqlTimestamp"
        from supporter where account_id = any($1)"#,
        &accounts,
    )
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let account = AccountId::from_uuid(row.account_id);
            let found = SupporterRow {
                profile: Profile {
                    display_name: row.display_name,
                    is_anonymous: row.is_anonymous,
                    show_badge: row.show_badge,
                    hidden: row.hidden,
                },
                totals: Totals {
                    all: Given {
                        net_minor: row.net_minor,
                        public_minor: row.public_minor,
                    },
                    contributions: row.contributions,
                    first_at: row.first_at.map(SqlTimestamp::to_jiff),
                    public_contributions: row.public_contributions,
                    public_since: row.public_since.map(SqlTimestamp::to_jiff),
                    months: BTreeMap::new(),
                },
            };
            (account, found)
        })
        .collect())
}

/// Somebody on the wall.
#[derive(Clone, Debug)]
pub struct WallRow {
    pub wall_key: Uuid,
    pub name: String,
    pub public_minor: i64,
    pub since: SqlTimestamp,
    pub monthly: bool,
    pub message: Option<String>,
}

/// A page of the wall: whoever gave most openly first, behind the first of `behind` whose total is what it was
/// then; nothing where there is none of them any more. A key is of one total: see [`super::write_supporters`].
pub async fn list_wall(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    behind: &[Uuid],
    most: i64,
    monthly: Option<bool>,
) -> Result<Vec<WallRow>, sqlx::Error> {
    query_as!(
        WallRow,
        r#"with behind as (
            select b.wall_key, b.public_minor from unnest($2::uuid[]) with ordinality as k (wall_key, place)
            join supporter b on b.wall_key = k.wall_key and b.tenant_id = $1 and not b.is_anonymous
                and not b.hidden and b.display_name is not null
            order by k.place limit 1
        )
        select s.wall_key, s.display_name as "name!", s.public_minor,
            s.public_since as "since!: SqlTimestamp", s.monthly, said.message as "message?"
        from supporter s left join lateral (
            select c.message from contribution c
            where c.account_id = s.account_id and c.message_state = 'approved' and not c.is_anonymous
            order by c.payment_id desc limit 1
        ) said on true
        where s.tenant_id = $1 and s.public_minor > 0 and not s.is_anonymous and not s.hidden
            and s.display_name is not null and ($4::boolean is null or s.monthly = $4)
            and s.public_minor <= coalesce((select public_minor from behind), 9223372036854775807)
            and (cardinality($2::uuid[]) = 0 or s.wall_key > (select wall_key from behind)
                or s.public_minor < (select public_minor from behind))
            and (cardinality($2::uuid[]) = 0 or exists (select from behind))
        order by s.public_minor desc, s.wall_key limit $3"#,
        tenant,
        behind,
        most,
        monthly,
    )
    .fetch_all(executor)
    .await
}

/// The same of those who gave openly in a month that is the newest of theirs.
pub async fn list_wall_of_month(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    month: Date,
    behind: &[Uuid],
    most: i64,
    monthly: Option<bool>,
) -> Result<Vec<WallRow>, sqlx::Error> {
    query_as!(
        WallRow,
        r#"with behind as (
            select b.wall_key, b.public_minor from unnest($2::uuid[]) with ordinality as k (wall_key, place)
            join supporter b on b.wall_key = k.wall_key and b.tenant_id = $1 and not b.is_anonymous
                and not b.hidden and b.display_name is not null
            order by k.place limit 1
        )
        select s.wall_key, s.display_name as "name!", s.public_minor,
            s.public_since as "since!: SqlTimestamp", s.monthly, said.message as "message?"
        from supporter s left join lateral (
            select c.message from contribution c
            where c.account_id = s.account_id and c.message_state = 'approved' and not c.is_anonymous
            order by c.payment_id desc limit 1
        ) said on true
        where s.tenant_id = $1 and s.public_month = $4 and s.public_month_minor > 0
            and not s.is_anonymous and not s.hidden and s.display_name is not null
            and ($5::boolean is null or s.monthly = $5)
            and s.public_minor <= coalesce((select public_minor from behind), 9223372036854775807)
            and (cardinality($2::uuid[]) = 0 or s.wall_key > (select wall_key from behind)
                or s.public_minor < (select public_minor from behind))
            and (cardinality($2::uuid[]) = 0 or exists (select from behind))
        order by s.public_minor desc, s.wall_key limit $3"#,
        tenant,
        behind,
        most,
        month.to_sqlx() as SqlDate,
        monthly,
    )
    .fetch_all(executor)
    .await
}

/// A message that waits for somebody's word.
#[derive(Clone, Debug)]
pub struct WaitingMessage {
    pub payment_id: Uuid,
    pub user_id: String,
    pub name: Option<String>,
    pub message: String,
    pub created_at: SqlTimestamp,
}

/// The oldest messages of a tenant that wait. Of what is not paid nobody need read anything.
pub async fn list_messages(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    account: Option<AccountId>,
    most: i64,
) -> Result<Vec<WaitingMessage>, sqlx::Error> {
    query_as!(
        WaitingMessage,
        r#"select c.payment_id, s.user_id, c.message as "message!",
            case when not (c.is_anonymous or s.is_anonymous or s.hidden) then s.display_name end as name,
            c.created_at as "created_at: SqlTimestamp"
        from contribution c join supporter s using (account_id)
        where c.tenant_id = $1 and c.message_state = 'waiting' and c.message is not null
            and c.paid_at is not null and ($3::uuid is null or c.account_id = $3)
        order by c.created_at limit $2"#,
        tenant,
        most,
        account.map(AccountId::uuid),
    )
    .fetch_all(executor)
    .await
}

/// The newest messages of a tenant, or of one of its people, that were approved, or refused.
pub async fn list_judged(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    account: Option<AccountId>,
    state: &str,
    most: i64,
) -> Result<Vec<WaitingMessage>, sqlx::Error> {
    query_as!(
        WaitingMessage,
        r#"select c.payment_id, s.user_id, c.message as "message!",
            case when not (c.is_anonymous or s.is_anonymous or s.hidden) then s.display_name end as name,
            c.created_at as "created_at: SqlTimestamp"
        from contribution c join supporter s using (account_id)
        where c.tenant_id = $1 and c.message_state in ('approved', 'refused') and c.message_state = $2
            and c.message is not null and c.paid_at is not null and ($3::uuid is null or c.account_id = $3)
        order by c.created_at desc, c.payment_id desc limit $4"#,
        tenant,
        state,
        account.map(AccountId::uuid),
        most,
    )
    .fetch_all(executor)
    .await
}

/// The messages of all tenants that wait.
pub struct Backlog {
    pub waiting: i64,
    /// Since the oldest of them was paid for.
    pub oldest_secs: i64,
}

pub async fn message_backlog(executor: impl PgExecutor<'_>) -> Result<Backlog, sqlx::Error> {
    query_as!(
        Backlog,
        r#"select count(*) as "waiting!",
            coalesce(extract(epoch from clock_timestamp() - min(paid_at))::bigint, 0) as "oldest_secs!"
        from contribution
        where message_state = 'waiting' and message is not null and paid_at is not null"#
    )
    .fetch_one(executor)
    .await
}
