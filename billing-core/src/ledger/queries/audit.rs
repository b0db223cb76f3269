//! The statement that checks the books.

use sqlx::{PgPool, query_as};

use super::super::audit::Finding;

/// Checks every account against its entries, holds and refunds, in one statement and so in one
/// snapshot. Reads the whole ledger: minutes on a large one. Answers with at most 1,000 findings;
/// none means that the books are right.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn check(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    query_as!(
        Finding,
        r#"with chain as (
            select e.*, sum(e.amount_micros) over (partition by e.account_id order by e.seq)::bigint as running
            from entry e
        ), entries as (
            select account_id, sum(amount_micros)::bigint as total, max(seq) as newest, count(*) as rows,
                count(*) filter (where kind = 'charge') as charges,
                (-coalesce(sum(amount_micros) filter (where kind in ('charge', 'refund')), 0))::bigint as spent,
                -- The first balance that does not follow from those before, and what would.
                (array_agg(array[balance_after_micros, running] order by seq)
                    filter (where balance_after_micros <> running))[1:1] as breach
            from chain group by account_id
        ), holds as (
            select account_id, sum(amount_micros)::bigint as placed from hold where state = 'placed' group by account_id
        ), refunds as (
            select account_id, refunds_seq as seq, sum(amount_micros)::bigint as refunded
            from entry where kind = 'refund' group by account_id, refunds_seq
        ), charges as (
            -- Each charge by the periods that counted it: its hold's first, the overage's own.
            select e.account_id, coalesce(h.day_no, e.day_no) as hold_day, coalesce(h.month_no, e.month_no) as hold_month,
                e.day_no, e.month_no, least(-e.amount_micros, coalesce(h.amount_micros, 0)) as by_hold,
                greatest(-e.amount_micros - coalesce(h.amount_micros, 0), 0) as own,
                coalesce(r.refunded_micros, 0) as refunded
            from entry e
            left join hold h on h.account_id = e.account_id and h.hold_id = e.hold_id
            left join charge_refund r on r.account_id = e.account_id and r.seq = e.seq
            where e.kind = 'charge'
        ), counted as (
            select c.account_id, part.* from charges c cross join lateral (values
                (hold_day, hold_month, by_hold - greatest(refunded - own, 0)),
                (day_no, month_no, own - least(refunded, own))) part (day_no, month_no, amount)
            where part.amount <> 0
            union all
            select account_id, day_no, month_no, amount_micros from hold where state = 'placed'
            union all
            select account_id, day_no, null, day_carried_micros from account_repair
            union all
            select account_id, null, month_no, month_carried_micros from account_repair
            union all
            -- Of cores that noted how much they carried, and not which day.
            select account_id, null, month_no, carried_micros from month_carry
        ), sums as (
            -- What `usage_sum` must say of the entries that are in it.
            select e.account_id, date_bin('15 minutes', e.created_at, 'epoch') as starts_at,
                coalesce(e.tool, '') as tool, (-sum(e.amount_micros))::bigint as spent,
                count(*) filter (where e.kind = 'charge') as charges
            from usage_summed s join entry e on e.account_id = s.account_id and e.seq >= s.first_seq
                and e.seq < s.end_seq
            where e.kind in ('charge', 'refund') group by 1, 2, 3
        ), used as (
            select a.account_id, coalesce(sum(c.amount) filter (where c.day_no = a.day_no), 0)::bigint as day,
                coalesce(sum(c.amount) filter (where c.month_no = a.month_no
                    or (c.day_no, a.month_no) = (a.carried_day_no, a.carried_month_no)), 0)::bigint as month
            from account a join counted c on c.account_id = a.account_id group by a.account_id
        ), findings as (
            select said.rule, coalesce(a.account_id, e.account_id) as account_id, said.account_says, said.rows_say
            from (account a left join holds h using (account_id) left join used u using (account_id))
            full join entries e on e.account_id = a.account_id
            cross join lateral (values
                ('settled is the sum of the entries', a.settled_micros, coalesce(e.total, 0)),
                ('entries have no gaps', a.entry_seq, coalesce(e.rows, 0)),
                ('the newest entry is the last', a.entry_seq, coalesce(e.newest, 0)),
                ('held is the sum of the placed holds', a.held_micros, coalesce(h.placed, 0)),
                ('requests are the charges', a.request_count, coalesce(e.charges, 0)),
                ('total spent is charges less refunds', a.total_spent_micros, coalesce(e.spent, 0)),
                ('the day''s sum is what counted in it', a.day_spent_micros, coalesce(u.day, 0)),
                ('the month''s sum is what counted in it', a.month_spent_micros, coalesce(u.month, 0)),
                ('each balance follows from the one before', e.breach[1][1], e.breach[1][2]),
                ('an entry has an account', case when a.account_id is null then 1 end, 0)
            ) said (rule, account_says, rows_say)
            union all
            select 'a charge''s refunds are its refund entries', coalesce(c.account_id, r.account_id),
                coalesce(c.refunded_micros, 0), coalesce(r.refunded, 0)
            from charge_refund c full join refunds r on r.account_id = c.account_id and r.seq = c.seq
            union all
            select 'a captured hold has one charge', h.account_id, (h.state = 'captured')::int::bigint, count(e.seq)
            from hold h left join entry e on e.account_id = h.account_id and e.hold_id = h.hold_id
            group by h.account_id, h.hold_id, h.state
            union all
            select 'a payment''s entries are what it has booked', p.account_id, p.credited_micros - p.reversed_micros,
                coalesce((select sum(e.amount_micros) from payment_entry pe
                    join entry e on e.account_id = pe.account_id and e.seq = pe.seq
                    where pe.account_id = p.account_id and pe.payment_id = p.payment_id), 0)::bigint
            from payment p
            union all
            select 'what a payment moved names its payment', e.account_id, 1, count(pe.seq)
            from entry e left join payment_entry pe on pe.account_id = e.account_id and pe.seq = e.seq
                and pe.kind = e.kind
            where e.kind in ('top_up', 'payment_reversal', 'dispute', 'dispute_won')
            group by e.account_id, e.seq
            union all
            select 'a payment''s refunds are its sum', p.account_id, p.refunded_minor,
                greatest(p.given_back_minor, coalesce((select sum(r.amount_minor) from payment_refund r
                    where r.account_id = p.account_id and r.payment_id = p.payment_id
                    and r.state in ('pending', 'succeeded')), 0)::bigint)
            from payment p
            union all
            select 'a payment''s disputes are its sum', p.account_id, p.disputed_minor,
                coalesce((select sum(d.withdrawn_minor - d.reinstated_minor) from payment_dispute d
                    where d.account_id = p.account_id and d.payment_id = p.payment_id), 0)::bigint
            from payment p
            union all
            select 'usage is summed up as its entries say', coalesce(u.account_id, s.account_id),
                coalesce(u.spent_micros, 0), coalesce(s.spent, 0)
            from usage_sum u full join sums s using (account_id, starts_at, tool)
            union all
            select 'usage is summed up with each charge once', coalesce(u.account_id, s.account_id),
                coalesce(u.charge_count, 0), coalesce(s.charges, 0)
            from usage_sum u full join sums s using (account_id, starts_at, tool)
            union all
            select 'usage is summed up of entries that are there', s.account_id,
                greatest(s.end_seq - 1, coalesce(a.entry_seq, 0)), coalesce(a.entry_seq, 0)
            from usage_summed s left join account a using (account_id)
            union all
            -- Nowhere on earth has a later day begun.
            select 'a time lies in the future of the database''s clock, and its limits begin no new day before (as YYYYMMDD)',
                account_id, to_char(spent_on, 'YYYYMMDD')::bigint, to_char(statement_timestamp() at time zone 'UTC', 'YYYYMMDD')::bigint
            from account where spent_on > (statement_timestamp() at time zone 'UTC' + interval '14 hours')::date
            union all
            -- Holds live for 24 hours at most.
            select 'a time lies in the future of the database''s clock, and a hold does not expire before (as YYYYMMDD)',
                account_id, to_char(expires_at at time zone 'UTC', 'YYYYMMDD')::bigint,
                to_char(statement_timestamp() at time zone 'UTC', 'YYYYMMDD')::bigint
            from hold where state = 'placed' and expires_at > statement_timestamp() + interval '24 hours'
            union all
            -- At most 6 hours lie between two questions, unless it is its subscription that is asked about, when a month ends.
            select 'a time lies in the future of the database''s clock, and a payment''s provider is not asked before (as YYYYMMDD)',
                account_id, to_char(greatest(next_check_at, leased_until) at time zone 'UTC', 'YYYYMMDD')::bigint,
                to_char(statement_timestamp() at time zone 'UTC', 'YYYYMMDD')::bigint
            from payment where next_check_at is not null
                and greatest(next_check_at, leased_until) > statement_timestamp() + interval '1 day'
                and (state <> 'succeeded' or subscription_id is distinct from payment_id)
        )
        select rule as "rule!", account_id as "account_id!", account_says as "account_says!", rows_say as "rows_say!"
        from findings where account_says <> rows_say limit 1000"#
    )
    .fetch_all(pool)
    .await
}
