//! What the rows about contributions say of each other.

use sqlx::{PgPool, query_as};

use super::super::audit::Finding;

/// Compares every contribution with its payment, every supporter and month with the contributions, and the
/// tenants' sums with the supporters, in one statement and so in one snapshot. At most 1,000 findings.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn check(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    query_as!(
        Finding,
        r#"with net as (
            select c.account_id, c.payment_id, c.net_minor, case when p.state = 'succeeded' then
                least(coalesce(p.received_minor, p.amount_minor), p.amount_minor) - greatest(0, least(
                    least(coalesce(p.received_minor, p.amount_minor), p.amount_minor),
                    p.refunded_minor + p.disputed_minor
                        - greatest(0, coalesce(p.received_minor, p.amount_minor) - p.amount_minor)))
                else 0 end as of_payment
            from payment p left join contribution c using (account_id, payment_id)
            where p.purpose = 'contribution'
        ), lifetime as (
            select account_id, sum(net_minor)::bigint as net, count(*) filter (where net_minor > 0) as number,
                coalesce(sum(net_minor) filter (where not is_anonymous), 0)::bigint as public
            from contribution group by account_id
        ), months as (
            select account_id, month, sum(net_minor)::bigint as net,
                coalesce(sum(net_minor) filter (where not is_anonymous), 0)::bigint as public
            from contribution where month is not null group by account_id, month
        ), shown as (
            select account_id, tenant_id,
                not is_anonymous and not hidden and display_name is not null as is_shown from supporter
        ), periods as (
            select s.tenant_id, to_char(m.month, 'YYYY-MM') as period, m.net, m.public, s.is_shown
            from months m join shown s using (account_id)
            union all
            select s.tenant_id, 'all', l.net, l.public, s.is_shown from lifetime l join shown s using (account_id)
        ), sums as (
            select tenant_id, period, sum(net)::bigint as net, count(*) filter (where net > 0) as supporters,
                count(*) filter (where public > 0 and is_shown) as named
            from periods group by tenant_id, period
        )
        select rule as "rule!", subject as "of!", kept, rows_say from (
            select 'a contribution is what is left of its payment' as rule,
                account_id || '-' || payment_id as subject, net_minor as kept, of_payment as rows_say
            from net
            union all
            select 'a total is the sum of its contributions', s.account_id::text, s.net_minor, coalesce(l.net, 0)
            from supporter s left join lifetime l using (account_id)
            union all
            select 'a public total is the sum of public contributions', s.account_id::text, s.public_minor,
                coalesce(l.public, 0)
            from supporter s left join lifetime l using (account_id)
            union all
            select 'contributions are counted', s.account_id::text, s.contributions, coalesce(l.number, 0)
            from supporter s left join lifetime l using (account_id)
            union all
            select 'a month is the sum of its contributions',
                coalesce(k.account_id, m.account_id) || ' ' || coalesce(k.month, m.month),
                coalesce(k.net_minor, 0), coalesce(m.net, 0)
            from supporter_month k full join months m using (account_id, month)
            union all
            select 'a public month is the sum of its public contributions',
                coalesce(k.account_id, m.account_id) || ' ' || coalesce(k.month, m.month),
                coalesce(k.public_minor, 0), coalesce(m.public, 0)
            from supporter_month k full join months m using (account_id, month)
            union all
            select 'a tenant''s sum is that of its supporters', coalesce(k.tenant_id, s.tenant_id) || ' '
                || coalesce(k.period, s.period), coalesce(k.net_minor, 0), coalesce(s.net, 0)
            from sponsorship_sum k full join sums s using (tenant_id, period)
            union all
            select 'a tenant''s supporters are counted', coalesce(k.tenant_id, s.tenant_id) || ' '
                || coalesce(k.period, s.period), coalesce(k.supporters, 0), coalesce(s.supporters, 0)
            from sponsorship_sum k full join sums s using (tenant_id, period)
            union all
            select 'who supports monthly is marked', s.account_id::text, s.monthly::int,
                exists (select from subscription b cross join lateral (
                    select c.is_anonymous from contribution c join payment p using (account_id, payment_id)
                    where c.account_id = b.account_id and p.subscription_id = b.subscription_id
                    order by c.paid_at desc nulls last, c.payment_id desc limit 1
                ) newest
                where b.account_id = s.account_id and b.state <> 'cancelled' and not newest.is_anonymous)::int
            from supporter s
            union all
            select 'whom the wall names is counted', coalesce(k.tenant_id, s.tenant_id) || ' '
                || coalesce(k.period, s.period), coalesce(k.named, 0), coalesce(s.named, 0)
            from sponsorship_sum k full join sums s using (tenant_id, period)
        ) said where kept is distinct from rows_say limit 1000"#,
    )
    .fetch_all(pool)
    .await
}
