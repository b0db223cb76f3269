//! Every statement about contributions and supporters.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::{Date as SqlDate, Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, PgExecutor, query, query_as, query_scalar};
use uuid::Uuid;

use super::totals::{Gift, Given, Share};
use super::{GiftTerms, Known, Period, Profile, Sponsorship, Supporter, Thresholds, Totals};
use crate::id::{AccountId, PaymentId};
use crate::ledger::Opening;

/// How the tenants are supported that were ever set.
pub async fn find_sponsorships(
    executor: impl PgExecutor<'_>,
    tenants: &[&str],
) -> Result<HashMap<String, Sponsorship>, sqlx::Error> {
    let rows = query!(
        "select tenant_id, goal_minor, bronze_minor, silver_minor, gold_minor, platinum_minor, zone,
            presets_minor, shows_totals, wording, wording_version
        from sponsorship where tenant_id = any($1)",
        tenants as &[&str],
    )
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let sponsorship = Sponsorship {
                tenant_id: row.tenant_id.clone(),
                goal_minor: row.goal_minor,
                thresholds: Thresholds {
                    bronze: row.bronze_minor,
                    silver: row.silver_minor,
                    gold: row.gold_minor,
                    platinum: row.platinum_minor,
                },
                zone: row.zone,
                presets_minor: row.presets_minor,
                shows_totals: row.shows_totals,
                wording: row.wording,
                wording_version: row.wording_version,
            };
            (row.tenant_id, sponsorship)
        })
        .collect())
}

pub async fn upsert_sponsorship(
    executor: impl PgExecutor<'_>,
    new: &Sponsorship,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into sponsorship (tenant_id, goal_minor, bronze_minor, silver_minor, gold_minor,
            platinum_minor, zone, presets_minor, shows_totals, wording, wording_version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (tenant_id) do update set goal_minor = excluded.goal_minor,
            bronze_minor = excluded.bronze_minor, silver_minor = excluded.silver_minor,
            gold_minor = excluded.gold_minor, platinum_minor = excluded.platinum_minor,
            zone = excluded.zone, presets_minor = excluded.presets_minor,
            shows_totals = excluded.shows_totals, wording = excluded.wording,
            wording_version = excluded.wording_version, updated_at = clock_timestamp()",
        new.tenant_id,
        new.goal_minor,
        new.thresholds.bronze,
        new.thresholds.silver,
        new.thresholds.gold,
        new.thresholds.platinum,
        new.zone,
        &new.presets_minor,
        new.shows_totals,
        new.wording,
        new.wording_version,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Makes rows for those who have none, in the order of their accounts; a name is taken over by whoever has
/// none.
pub async fn insert_supporters(
    conn: &mut PgConnection,
    givers: &[(AccountId, &Opening, Option<&str>)],
) -> Result<(), sqlx::Error> {
    let accounts: Vec<Uuid> = givers.iter().map(|giver| giver.0.uuid()).collect();
    let tenants: Vec<&str> = givers.iter().map(|giver| &*giver.1.tenant_id).collect();
    let users: Vec<&str> = givers.iter().map(|giver| &*giver.1.user_id).collect();
    let names: Vec<Option<&str>> = givers.iter().map(|giver| giver.2).collect();
    query!(
        "insert into supporter (account_id, tenant_id, user_id, display_name)
        select n.account_id, n.tenant_id, n.user_id, n.name
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as n (account_id, tenant_id, user_id, name)
        order by n.account_id
        on conflict (account_id) do nothing",
        &accounts,
        &tenants as &[&str],
        &users as &[&str],
        &names as &[Option<&str>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks supporters in the order of their accounts, and reads how they stand.
pub async fn lock_supporters(
    conn: &mut PgConnection,
    accounts: &[AccountId],
) -> Result<Vec<Supporter>, sqlx::Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|account| account.uuid()).collect();
    let rows = query!(
        r#"select account_id, tenant_id, display_name, is_anonymous, show_badge, hidden, net_minor,
            contributions, first_at as "first_at: SqlTimestamp", public_minor, public_contributions,
            public_since as "public_since: SqlTimestamp"
        from supporter where account_id = any($1) order by account_id for update"#,
        &accounts,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut months = find_months(conn, &accounts).await?;
    Ok(rows
        .into_iter()
        .map(|row| Supporter {
            account: AccountId::from_uuid(row.account_id),
            tenant_id: row.tenant_id,
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
                public_contributions: row.public_contributions,
                first_at: row.first_at.map(SqlTimestamp::to_jiff),
                public_since: row.public_since.map(SqlTimestamp::to_jiff),
                months: months.remove(&row.account_id).unwrap_or_default(),
            },
        })
        .collect())
}

async fn find_months(
    conn: &mut PgConnection,
    accounts: &[Uuid],
) -> Result<HashMap<Uuid, BTreeMap<Date, Given>>, sqlx::Error> {
    let rows = query!(
        r#"select account_id, month as "month: SqlDate", net_minor, public_minor
        from supporter_month where account_id = any($1)"#,
        accounts,
    )
    .fetch_all(conn)
    .await?;
    let mut months: HashMap<Uuid, BTreeMap<Date, Given>> = HashMap::new();
    for row in rows {
        let given = Given {
            net_minor: row.net_minor,
            public_minor: row.public_minor,
        };
        let of_account = months.entry(row.account_id).or_default();
        of_account.insert(row.month.to_jiff(), given);
    }
    Ok(months)
}

pub async fn insert_contribution(
    conn: &mut PgConnection,
    payment: PaymentId,
    giver: &Opening,
    terms: &GiftTerms,
    wording: Option<&str>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "with agreed as (
            insert into consent (account_id, payment_id, what, given, wording_version)
            values ($1, $2, case when $4 then 'anonymous' else 'public_display' end, true, $5)
        )
        insert into contribution (account_id, payment_id, tenant_id, is_anonymous, consented_at,
            wording_version, message, message_state, created_at)
        values ($1, $2, $3, $4, case when $5::text is not null then $7::timestamptz end, $5, $6,
            case when $6::text is null then 'none'
                when exists (select from supporter where account_id = $1 and banned) then 'refused'
                else 'waiting' end, $7)",
        payment.account.uuid(),
        payment.number,
        giver.tenant_id,
        terms.is_anonymous,
        wording,
        terms.message,
        now.to_sqlx() as SqlTimestamp,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is known of contributions, by the supporters whose rows are locked.
pub async fn find_contributions(
    conn: &mut PgConnection,
    payments: &BTreeSet<PaymentId>,
) -> Result<BTreeMap<PaymentId, Known>, sqlx::Error> {
    let accounts: Vec<Uuid> = payments.iter().map(|id| id.account.uuid()).collect();
    let numbers: Vec<Uuid> = payments.iter().map(|id| id.number).collect();
    let rows = query!(
        r#"select c.account_id, c.payment_id, c.paid_at as "paid_at: SqlTimestamp", c.month as "month: SqlDate",
            c.net_minor
        from unnest($1::uuid[], $2::uuid[]) as n (account_id, payment_id)
        join contribution c on c.account_id = n.account_id and c.payment_id = n.payment_id"#,
        &accounts,
        &numbers,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let id = PaymentId {
                account: AccountId::from_uuid(row.account_id),
                number: row.payment_id,
            };
            let paid_at = row.paid_at.map(SqlTimestamp::to_jiff);
            let known = Known {
                paid: paid_at.zip(row.month.map(SqlDate::to_jiff)),
                net_minor: row.net_minor,
            };
            (id, known)
        })
        .collect())
}

/// Writes what contributions have come to. One that began at its provider has no row yet: nobody consented,
/// so that it names nobody.
pub async fn write_contributions(
    conn: &mut PgConnection,
    known: &BTreeMap<PaymentId, Known>,
    givers: &BTreeMap<AccountId, &Opening>,
) -> Result<(), sqlx::Error> {
    let accounts: Vec<Uuid> = known.keys().map(|id| id.account.uuid()).collect();
    let numbers: Vec<Uuid> = known.keys().map(|id| id.number).collect();
    let tenants: Vec<&str> = known
        .keys()
        .filter_map(|id| givers.get(&id.account).map(|giver| &*giver.tenant_id))
        .collect();
    let paid: Vec<Option<SqlTimestamp>> = known
        .values()
        .map(|known| known.paid.map(|(at, _)| at.to_sqlx()))
        .collect();
    let months: Vec<Option<SqlDate>> = known
        .values()
        .map(|known| known.paid.map(|(_, month)| month.to_sqlx()))
        .collect();
    let nets: Vec<i64> = known.values().map(|known| known.net_minor).collect();
    query!(
        "insert into contribution as c (account_id, payment_id, tenant_id, is_anonymous, paid_at, month,
            net_minor, created_at)
        select n.account_id, n.payment_id, n.tenant_id, true, n.paid_at, n.month, n.net, clock_timestamp()
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::date[], $6::bigint[])
            as n (account_id, payment_id, tenant_id, paid_at, month, net)
        on conflict (account_id, payment_id) do update set paid_at = excluded.paid_at,
            month = excluded.month, net_minor = excluded.net_minor",
        &accounts,
        &numbers,
        &tenants as &[&str],
        &paid as &[Option<SqlTimestamp>],
        &months as &[Option<SqlDate>],
        &nets,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// All that supporters gave, whose rows are locked.
pub async fn find_gifts(
    conn: &mut PgConnection,
    accounts: &[AccountId],
) -> Result<HashMap<AccountId, Vec<Gift>>, sqlx::Error> {
    let accounts: Vec<Uuid> = accounts.iter().map(|account| account.uuid()).collect();
    let rows = query!(
        r#"select account_id, month as "month!: SqlDate", paid_at as "paid_at!: SqlTimestamp", net_minor,
            is_anonymous
        from contribution where account_id = any($1) and paid_at is not null"#,
        &accounts,
    )
    .fetch_all(conn)
    .await?;
    let mut gifts: HashMap<AccountId, Vec<Gift>> = HashMap::new();
    for row in rows {
        let account = AccountId::from_uuid(row.account_id);
        gifts.entry(account).or_default().push(Gift {
            month: row.month.to_jiff(),
            paid_at: row.paid_at.to_jiff(),
            net_minor: row.net_minor,
            is_public: !row.is_anonymous,
        });
    }
    Ok(gifts)
}

fn column<T>(supporters: &[Supporter], of: impl Fn(&Supporter) -> T) -> Vec<T> {
    supporters.iter().map(of).collect()
}

/// Writes how supporters stand and are shown, whose rows are locked.
pub async fn write_supporters(
    conn: &mut PgConnection,
    supporters: &[Supporter],
) -> Result<(), sqlx::Error> {
    let names: Vec<Option<&str>> = supporters
        .iter()
        .map(|supporter| supporter.profile.display_name.as_deref())
        .collect();
    query!(
        "update supporter s set display_name = n.name, is_anonymous = n.is_anonymous,
            show_badge = n.show_badge, hidden = n.hidden, net_minor = n.net,
            contributions = n.contributions, first_at = n.first_at, public_minor = n.public,
            public_since = n.public_since, public_month = n.public_month,
            public_month_minor = n.public_month_minor, public_contributions = n.public_contributions
        from unnest($1::uuid[], $2::text[], $3::boolean[], $4::boolean[], $5::boolean[], $6::bigint[],
            $7::int[], $8::timestamptz[], $9::bigint[], $10::timestamptz[], $11::date[], $12::bigint[],
            $13::int[])
            as n (account_id, name, is_anonymous, show_badge, hidden, net, contributions, first_at, public,
                public_since, public_month, public_month_minor, public_contributions)
        where s.account_id = n.account_id",
        &column(supporters, |one| one.account.uuid()),
        &names as &[Option<&str>],
        &column(supporters, |one| one.profile.is_anonymous),
        &column(supporters, |one| one.profile.show_badge),
        &column(supporters, |one| one.profile.hidden),
        &column(supporters, |one| one.totals.all.net_minor),
        &column(supporters, |one| one.totals.contributions),
        &column(supporters, |one| one.totals.first_at.map(ToSqlx::to_sqlx)) as &[Option<SqlTimestamp>],
        &column(supporters, |one| one.totals.all.public_minor),
        &column(supporters, |one| one.totals.public_since.map(ToSqlx::to_sqlx)) as &[Option<SqlTimestamp>],
        &column(supporters, |one| one.totals.public_month().map(|month| month.0.to_sqlx())) as &[Option<SqlDate>],
        &column(supporters, |one| one.totals.public_month().map_or(0, |month| month.1)),
        &column(supporters, |one| one.totals.public_contributions),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what supporters gave in each month.
pub async fn write_months(
    conn: &mut PgConnection,
    supporters: &[Supporter],
) -> Result<(), sqlx::Error> {
    let rows: Vec<(Uuid, SqlDate, Given)> = supporters
        .iter()
        .flat_map(|supporter| {
            let account = supporter.account.uuid();
            let months = supporter.totals.months.iter();
            months.map(move |(month, given)| (account, month.to_sqlx(), *given))
        })
        .collect();
    let accounts: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
    let months: Vec<SqlDate> = rows.iter().map(|row| row.1).collect();
    let nets: Vec<i64> = rows.iter().map(|row| row.2.net_minor).collect();
    let publics: Vec<i64> = rows.iter().map(|row| row.2.public_minor).collect();
    query!(
        "insert into supporter_month as m (account_id, month, net_minor, public_minor)
        select n.account_id, n.month, n.net, n.public
        from unnest($1::uuid[], $2::date[], $3::bigint[], $4::bigint[]) as n (account_id, month, net, public)
        on conflict (account_id, month) do update set net_minor = excluded.net_minor,
            public_minor = excluded.public_minor
            where (m.net_minor, m.public_minor) <> (excluded.net_minor, excluded.public_minor)",
        &accounts,
        &months as &[SqlDate],
        &nets,
        &publics,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds to tenants' sums, in the order of tenants and periods. These rows are everybody's: they are locked
/// last.
pub async fn add_to_sums(
    conn: &mut PgConnection,
    sums: &BTreeMap<(&str, Period), Share>,
) -> Result<(), sqlx::Error> {
    if sums.is_empty() {
        return Ok(());
    }
    let tenants: Vec<&str> = sums.keys().map(|key| key.0).collect();
    let periods: Vec<String> = sums.keys().map(|key| key.1.name()).collect();
    let nets: Vec<i64> = sums.values().map(|share| share.net_minor).collect();
    let supporters: Vec<i64> = sums.values().map(|share| share.supporters).collect();
    let named: Vec<i64> = sums.values().map(|share| share.named).collect();
    // In a statement of its own: an upsert checks what it would insert, and a change may be negative.
    query!(
        "insert into sponsorship_sum (tenant_id, period)
        select n.tenant_id, n.period from unnest($1::text[], $2::text[]) as n (tenant_id, period)
        order by n.tenant_id, n.period
        on conflict (tenant_id, period) do nothing",
        &tenants as &[&str],
        &periods,
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "with locked as (
            select s.tenant_id, s.period from sponsorship_sum s
            join unnest($1::text[], $2::text[]) as k (tenant_id, period)
                on s.tenant_id = k.tenant_id and s.period = k.period
            order by s.tenant_id, s.period for update of s
        )
        update sponsorship_sum s set net_minor = s.net_minor + n.net,
            supporters = s.supporters + n.supporters, named = s.named + n.named
        from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
            as n (tenant_id, period, net, supporters, named), locked
        where s.tenant_id = n.tenant_id and s.period = n.period
            and locked.tenant_id = s.tenant_id and locked.period = s.period",
        &tenants as &[&str],
        &periods,
        &nets,
        &supporters,
        &named,
    )
    .execute(conn)
    .await?;
    Ok(())
}

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
}

/// A tenant's contribution of this number.
pub async fn find_contribution(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    number: Uuid,
) -> Result<Option<ContributionRow>, sqlx::Error> {
    let row = query!(
        r#"select c.account_id, c.payment_id, p.state, p.amount_minor, c.net_minor, c.is_anonymous, c.message,
            c.message_state, c.created_at as "created_at: SqlTimestamp", c.paid_at as "paid_at: SqlTimestamp"
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
            c.message_state, c.created_at as "created_at: SqlTimestamp", c.paid_at as "paid_at: SqlTimestamp"
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

/// Whether a contribution names its giver; false where it is none of theirs. Words that were consented to
/// stay noted.
pub async fn set_anonymous(
    conn: &mut PgConnection,
    id: PaymentId,
    is_anonymous: bool,
    wording: &str,
) -> Result<bool, sqlx::Error> {
    let written = query!(
        "update contribution set is_anonymous = $3,
            consented_at = case when $3 then consented_at else coalesce(consented_at, clock_timestamp()) end,
            wording_version = case when $3 then wording_version else coalesce(wording_version, $4) end
        where account_id = $1 and payment_id = $2",
        id.account.uuid(),
        id.number,
        is_anonymous,
        wording,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// What a person agreed to, or took back.
pub struct Agreed<'a> {
    pub payment: Option<PaymentId>,
    pub what: &'static str,
    pub given: bool,
    pub wording: Option<&'a str>,
}

pub async fn insert_consents(
    conn: &mut PgConnection,
    account: AccountId,
    agreed: &[Agreed<'_>],
) -> Result<(), sqlx::Error> {
    for one in agreed {
        query!(
            "insert into consent (account_id, payment_id, what, given, wording_version)
            values ($1, $2, $3, $4, $5)",
            account.uuid(),
            one.payment.map(|id| id.number),
            one.what,
            one.given,
            one.wording,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
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

/// A tenant's sums of the months that may be the present one somewhere, by the database's clock, and that of
/// all time.
pub struct Sums {
    pub now: Timestamp,
    pub by_period: HashMap<String, Share>,
}

pub async fn find_sums(executor: impl PgExecutor<'_>, tenant: &str) -> Result<Sums, sqlx::Error> {
    let rows = query!(
        r#"select now.at as "now!: SqlTimestamp", s.period as "period?", s.net_minor as "net_minor?",
            s.supporters as "supporters?", s.named as "named?"
        from (select clock_timestamp() as at) now left join sponsorship_sum s on s.tenant_id = $1
            and s.period >= to_char(now.at at time zone 'UTC' - interval '1 day', 'YYYY-MM')"#,
        tenant,
    )
    .fetch_all(executor)
    .await?;
    let now = rows
        .first()
        .map_or(Timestamp::UNIX_EPOCH, |row| row.now.to_jiff());
    let by_period = rows
        .into_iter()
        .filter_map(|row| {
            let share = Share {
                net_minor: row.net_minor?,
                supporters: row.supporters?,
                named: row.named?,
            };
            Some((row.period?, share))
        })
        .collect();
    Ok(Sums { now, by_period })
}

/// Somebody on the wall.
#[derive(Clone, Debug)]
pub struct WallRow {
    pub wall_key: Uuid,
    pub name: String,
    pub public_minor: i64,
    pub since: SqlTimestamp,
    pub message: Option<String>,
}

/// A page of the wall: whoever gave most openly first, behind the one whose key is given.
pub async fn list_wall(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    behind: Option<Uuid>,
    most: i64,
) -> Result<Vec<WallRow>, sqlx::Error> {
    query_as!(
        WallRow,
        r#"select s.wall_key, s.display_name as "name!", s.public_minor,
            s.public_since as "since!: SqlTimestamp", said.message as "message?"
        from supporter s left join lateral (
            select c.message from contribution c
            where c.account_id = s.account_id and c.message_state = 'approved' and not c.is_anonymous
            order by c.payment_id desc limit 1
        ) said on true
        where s.tenant_id = $1 and s.public_minor > 0 and not s.is_anonymous and not s.hidden
            and s.display_name is not null
            and s.public_minor <= coalesce((select public_minor from supporter where wall_key = $2),
                9223372036854775807)
            and ($2::uuid is null or s.wall_key > $2
                or s.public_minor < (select public_minor from supporter where wall_key = $2))
        order by s.public_minor desc, s.wall_key limit $3"#,
        tenant,
        behind,
        most,
    )
    .fetch_all(executor)
    .await
}

/// The same of those who gave openly in a month that is the newest of theirs.
pub async fn list_wall_of_month(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    month: Date,
    behind: Option<Uuid>,
    most: i64,
) -> Result<Vec<WallRow>, sqlx::Error> {
    query_as!(
        WallRow,
        r#"select s.wall_key, s.display_name as "name!", s.public_minor,
            s.public_since as "since!: SqlTimestamp", said.message as "message?"
        from supporter s left join lateral (
            select c.message from contribution c
            where c.account_id = s.account_id and c.message_state = 'approved' and not c.is_anonymous
            order by c.payment_id desc limit 1
        ) said on true
        where s.tenant_id = $1 and s.public_month = $4 and s.public_month_minor > 0
            and not s.is_anonymous and not s.hidden and s.display_name is not null
            and s.public_minor <= coalesce((select public_minor from supporter where wall_key = $2),
                9223372036854775807)
            and ($2::uuid is null or s.wall_key > $2
                or s.public_minor < (select public_minor from supporter where wall_key = $2))
        order by s.public_minor desc, s.wall_key limit $3"#,
        tenant,
        behind,
        most,
        month.to_sqlx() as SqlDate,
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
    most: i64,
) -> Result<Vec<WaitingMessage>, sqlx::Error> {
    query_as!(
        WaitingMessage,
        r#"select c.payment_id, s.user_id, s.display_name as name, c.message as "message!",
            c.created_at as "created_at: SqlTimestamp"
        from contribution c join supporter s using (account_id)
        where c.tenant_id = $1 and c.message_state = 'waiting' and c.message is not null
            and c.paid_at is not null
        order by c.created_at limit $2"#,
        tenant,
        most,
    )
    .fetch_all(executor)
    .await
}

/// False where the tenant has no such contribution with a message.
pub async fn judge_message(
    executor: impl PgExecutor<'_>,
    tenant: &str,
    number: Uuid,
    approve: bool,
    actor: &str,
) -> Result<bool, sqlx::Error> {
    let written = query!(
        "update contribution set message_state = case when $3 then 'approved' else 'refused' end,
            judged_by = $4, judged_at = clock_timestamp()
        where tenant_id = $1 and payment_id = $2 and message is not null",
        tenant,
        number,
        approve,
        actor,
    )
    .execute(executor)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Whether a person's messages are taken; where not, those that wait are refused.
pub async fn set_banned(
    conn: &mut PgConnection,
    account: AccountId,
    banned: bool,
) -> Result<(), sqlx::Error> {
    query!(
        "with set as (update supporter set banned = $2 where account_id = $1)
        update contribution set message_state = 'refused'
        where account_id = $1 and $2 and message_state = 'waiting'",
        account.uuid(),
        banned,
    )
    .execute(conn)
    .await?;
    Ok(())
}
