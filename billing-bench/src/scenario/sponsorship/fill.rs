//! Contributions as years of giving would leave them, by SQL; the audit accepts them.

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::load::{account_id, user};

/// Who is given to, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Tenant {
    pub name: &'static str,
    pub supporters: u64,
    pub gifts_each: u32,
}

impl Tenant {
    pub fn gifts(self) -> u64 {
        self.supporters * u64::from(self.gifts_each)
    }
}

/// As a superuser: foreign keys are not looked up a million times.
pub async fn fill(superuser_url: &str, tenant: Tenant) -> Result<()> {
    let users: Vec<String> = (0..tenant.supporters).map(user).collect();
    let accounts: Vec<Uuid> = users
        .iter()
        .map(|user| account_id(tenant.name, user))
        .collect();
    let mut connection = PgConnection::connect(superuser_url).await?;
    sqlx::raw_sql("set session_replication_role = replica")
        .execute(&mut connection)
        .await?;
    sqlx::query(
        "create temporary table giver as
        select g.account_id, $3::text as tenant_id, g.user_id, g.number, $4::int as gifts
        from unnest($1::uuid[], $2::text[]) with ordinality as g (account_id, user_id, number)",
    )
    .bind(&accounts)
    .bind(&users)
    .bind(tenant.name)
    .bind(i32::try_from(tenant.gifts_each)?)
    .execute(&mut connection)
    .await?;
    sqlx::raw_sql(GIVE)
        .execute(&mut connection)
        .await
        .context("cannot write contributions")?;
    sqlx::raw_sql(
        "vacuum analyze payment, contribution, supporter, supporter_month, sponsorship_sum",
    )
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(())
}

/// Gifts of the last five months, one in five anonymous, one in twenty with a message; then what they come to.
const GIVE: &str = "
    create temporary table gift as
        select account_id, tenant_id, user_id, k, 500 * (1 + number % 40) as minor, k % 5 = 4 as is_anonymous,
            given.at, (date_trunc('month', given.at at time zone 'UTC'))::date as month,
            (lpad(to_hex((extract(epoch from given.at) * 1000)::bigint), 12, '0')
                || left(md5(tenant_id || number || '-' || k), 20))::uuid as payment_id
        from giver cross join lateral generate_series(0, gifts - 1) as k cross join lateral (
            select (date_trunc('month', now() at time zone 'UTC') - make_interval(months => k / 4)
                + make_interval(secs => number % 1000)) at time zone 'UTC' as at) as given;
    insert into supporter (account_id, tenant_id, user_id, display_name)
        select account_id, tenant_id, user_id, 'Supporter ' || number from giver;
    insert into payment (account_id, payment_id, tenant_id, user_id, provider, livemode, purpose, state,
            idempotency_key, content_hash, amount_minor, currency, rate, credit_micros, created_at, succeeded_at)
        select account_id, payment_id, tenant_id, user_id, 'stripe', false, 'contribution', 'succeeded',
            'gift-' || k, sha256('of the benchmark'), minor, 'USD', 1, 0, at, at
        from gift order by payment_id;
    insert into contribution (account_id, payment_id, tenant_id, is_anonymous, consented_at, wording_version,
            message, message_state, paid_at, month, net_minor, created_at)
        select account_id, payment_id, tenant_id, is_anonymous, case when not is_anonymous then at end,
            case when not is_anonymous then '1' end, case k when 0 then 'Keep it up!' end,
            case k when 0 then 'approved' else 'none' end, at, month, minor, at
        from gift order by payment_id;
    insert into supporter_month (account_id, month, net_minor, public_minor)
        select account_id, month, sum(minor), coalesce(sum(minor) filter (where not is_anonymous), 0)
        from gift group by account_id, month;
    update supporter s set net_minor = g.net, contributions = g.number, first_at = g.first_at,
            public_minor = g.public, public_contributions = g.public_number, public_since = g.public_since,
            public_month = m.month, public_month_minor = m.public_minor
        from (
            select account_id, sum(minor) as net, count(*) as number, min(at) as first_at,
                sum(minor) filter (where not is_anonymous) as public,
                count(*) filter (where not is_anonymous) as public_number,
                min(at) filter (where not is_anonymous) as public_since
            from gift group by account_id
        ) g join (
            select distinct on (account_id) account_id, month, public_minor
            from supporter_month where public_minor > 0 order by account_id, month desc
        ) m using (account_id)
        where s.account_id = g.account_id;
    insert into sponsorship_sum (tenant_id, period, net_minor, supporters, named)
        select tenant_id, to_char(m.month, 'YYYY-MM'), sum(m.net_minor), count(*),
            count(*) filter (where m.public_minor > 0)
        from supporter_month m join giver using (account_id) group by 1, 2
        union all
        select tenant_id, 'all', sum(net_minor), count(*), count(*) filter (where public_minor > 0)
        from supporter join giver using (account_id, tenant_id) group by 1";
