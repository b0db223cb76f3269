//! What contributions come to: read and written behind the locks of supporters.

#![expect(
    clippy::as_conversions,
    reason = "sqlx's macros take the type of a parameter by `as`"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use jiff_sqlx::{Date as SqlDate, Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, query};
use uuid::Uuid;

use super::super::totals::{Gift, Given, Share};
use super::super::{Known, Naming, Period, Profile, Supporter, Totals};
use crate::id::{AccountId, PaymentId};
use crate::ledger::Opening;

/// Makes rows for those who have none, in the order of their accounts. The name is a new row's alone: whoever
/// has taken theirs away is not named again.
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
            public_since as "public_since: SqlTimestamp", monthly
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
            monthly: row.monthly,
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

/// What is known of contributions, by the supporters whose rows are locked.
pub async fn find_contributions(
    conn: &mut PgConnection,
    payments: &BTreeSet<PaymentId>,
) -> Result<BTreeMap<PaymentId, Known>, sqlx::Error> {
    let accounts: Vec<Uuid> = payments.iter().map(|id| id.account.uuid()).collect();
    let numbers: Vec<Uuid> = payments.iter().map(|id| id.number).collect();
    let rows = query!(
        r#"select c.account_id, c.payment_id, c.paid_at as "paid_at: SqlTimestamp", c.month as "month: SqlDate",
            c.net_minor, c.is_anonymous
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
                is_anonymous: row.is_anonymous,
            };
            (id, known)
        })
        .collect())
}

/// Writes what contributions have come to. One that began at its provider has no row yet: where it is inherited from
/// none how it names its giver, nobody consented, so that it names nobody.
pub async fn write_contributions(
    conn: &mut PgConnection,
    known: &BTreeMap<PaymentId, Known>,
    inherited: &BTreeMap<PaymentId, Naming>,
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
    let namings = || known.keys().map(|id| inherited.get(id));
    let anonymous: Vec<bool> = namings()
        .map(|naming| naming.is_none_or(|naming| naming.is_anonymous))
        .collect();
    let consented = || namings().map(|naming| naming.and_then(|naming| naming.consented.as_ref()));
    let consented_at: Vec<Option<SqlTimestamp>> = consented()
        .map(|consented| consented.map(|(at, _)| at.to_sqlx()))
        .collect();
    let wordings: Vec<Option<&str>> = consented()
        .map(|consented| consented.map(|(_, wording)| wording.as_str()))
        .collect();
    query!(
        "insert into contribution as c (account_id, payment_id, tenant_id, is_anonymous, consented_at,
            wording_version, paid_at, month, net_minor, created_at)
        select n.account_id, n.payment_id, n.tenant_id, n.anonymous, n.consented_at, n.wording, n.paid_at,
            n.month, n.net, clock_timestamp()
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::date[], $6::bigint[],
            $7::boolean[], $8::timestamptz[], $9::text[])
            as n (account_id, payment_id, tenant_id, paid_at, month, net, anonymous, consented_at, wording)
        on conflict (account_id, payment_id) do update set paid_at = excluded.paid_at,
            month = excluded.month, net_minor = excluded.net_minor",
        &accounts,
        &numbers,
        &tenants as &[&str],
        &paid as &[Option<SqlTimestamp>],
        &months as &[Option<SqlDate>],
        &nets,
        &anonymous,
        &consented_at as &[Option<SqlTimestamp>],
        &wordings as &[Option<&str>],
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

/// Writes how supporters stand and are shown, whose rows are locked. Whose public total is another one has another
/// place on the wall: a page that ended at the old place must not go on behind the new one.
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
            public_month_minor = n.public_month_minor, public_contributions = n.public_contributions,
            monthly = n.monthly,
            wall_key = case when s.public_minor = n.public then s.wall_key else gen_random_uuid() end
        from unnest($1::uuid[], $2::text[], $3::boolean[], $4::boolean[], $5::boolean[], $6::bigint[],
            $7::int[], $8::timestamptz[], $9::bigint[], $10::timestamptz[], $11::date[], $12::bigint[],
            $13::int[], $14::boolean[])
            as n (account_id, name, is_anonymous, show_badge, hidden, net, contributions, first_at, public,
                public_since, public_month, public_month_minor, public_contributions, monthly)
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
        &column(supporters, |one| one.monthly),
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
