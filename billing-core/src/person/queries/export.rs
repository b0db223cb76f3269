//! What is stored of a person, as rows are: a column that is added is exported, too. Left out are hashes, stored
//! answers, what only locks and searches need, and which administrator or operator it was: those names are other
//! people's.

use sqlx::{PgPool, query_as, query_scalar};
use uuid::Uuid;

use crate::id::AccountId;

/// A row, and where the next page goes on.
pub struct Row {
    pub place: String,
    pub json: String,
}

/// What there is once of a person, as the members of an object.
pub async fn find_head(pool: &PgPool, account: AccountId) -> Result<String, sqlx::Error> {
    query_scalar!(
        r#"select jsonb_build_object(
            'exported_at', clock_timestamp(),
            'account', (select to_jsonb(a) - 'version' from account a where account_id = $1),
            'profile', (select to_jsonb(p) from account_profile p where account_id = $1),
            'contact', (select to_jsonb(c) from contact c where account_id = $1),
            'supporter', (select to_jsonb(s) - 'wall_key' from supporter s where account_id = $1),
            'erasure', (select to_jsonb(e) - array['words', 'searched_provider', 'searched_event_id', 'asked_by']
                from person_erasure e where account_id = $1),
            'provider_customers', (select coalesce(jsonb_agg(to_jsonb(c) - 'account_id'), '[]')
                from provider_customer c where account_id = $1),
            'repairs', (select coalesce(jsonb_agg(to_jsonb(r) - array['account_id', 'actor']), '[]')
                from account_repair r where account_id = $1),
            'admin_changes', (select coalesce(jsonb_agg(to_jsonb(d) - array['account_id', 'actor']
                order by d.changed_at), '[]') from admin_change d where account_id = $1)
        )::text as "json!""#,
        account.uuid(),
    )
    .fetch_one(pool)
    .await
}

pub async fn find_consents(
    pool: &PgPool,
    account: AccountId,
    behind: i64,
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    query_as!(
        Row,
        r#"select consent_id::text as "place!", (to_jsonb(c) - array['consent_id', 'account_id'])::text as "json!"
        from consent c where account_id = $1 and consent_id > $2 order by consent_id limit $3"#,
        account.uuid(),
        behind,
        most,
    )
    .fetch_all(pool)
    .await
}

pub async fn find_contributions(
    pool: &PgPool,
    account: AccountId,
    behind: Uuid,
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    query_as!(
        Row,
        r#"select payment_id::text as "place!", (to_jsonb(c) - array['account_id', 'judged_by'])::text as "json!"
        from contribution c where account_id = $1 and payment_id > $2 order by payment_id limit $3"#,
        account.uuid(),
        behind,
        most,
    )
    .fetch_all(pool)
    .await
}

pub async fn find_subscriptions(
    pool: &PgPool,
    account: AccountId,
    behind: Uuid,
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    query_as!(
        Row,
        r#"select subscription_id::text as "place!",
            (to_jsonb(s) - array['account_id', 'as_of', 'check_at', 'needs_review'])::text as "json!"
        from subscription s where account_id = $1 and subscription_id > $2 order by subscription_id limit $3"#,
        account.uuid(),
        behind,
        most,
    )
    .fetch_all(pool)
    .await
}

/// With their refunds, disputes, and what providers call them.
pub async fn find_payments(
    pool: &PgPool,
    account: AccountId,
    behind: Uuid,
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    query_as!(
        Row,
        r#"select payment_id::text as "place!",
            ((to_jsonb(p) - array['account_id', 'content_hash', 'next_check_at', 'checks', 'leased_by',
                'leased_until'])
            || jsonb_build_object(
                'refunds', (select coalesce(jsonb_agg(to_jsonb(r) - array['account_id', 'payment_id',
                    'content_hash', 'actor']), '[]') from payment_refund r
                    where r.account_id = p.account_id and r.payment_id = p.payment_id),
                'disputes', (select coalesce(jsonb_agg(to_jsonb(d) - array['account_id', 'payment_id']), '[]')
                    from payment_dispute d
                    where d.account_id = p.account_id and d.payment_id = p.payment_id)))::text as "json!"
        from payment p where account_id = $1 and payment_id > $2 order by payment_id limit $3"#,
        account.uuid(),
        behind,
        most,
    )
    .fetch_all(pool)
    .await
}

/// With what was noted of them.
pub async fn find_entries(
    pool: &PgPool,
    account: AccountId,
    behind: i64,
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    query_as!(
        Row,
        r#"select e.seq::text as "place!", (to_jsonb(e) - 'account_id'
            || coalesce(to_jsonb(n) - array['account_id', 'seq', 'actor'], '{}'))::text as "json!"
        from entry e left join entry_note n on n.account_id = e.account_id and n.seq = e.seq
        where e.account_id = $1 and e.seq > $2 order by e.seq limit $3"#,
        account.uuid(),
        behind,
        most,
    )
    .fetch_all(pool)
    .await
}

pub async fn find_holds(
    pool: &PgPool,
    account: AccountId,
    behind: Uuid,
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    query_as!(
        Row,
        r#"select hold_id::text as "place!",
            (to_jsonb(h) - array['account_id', 'end_hash', 'end_answer'])::text as "json!"
        from hold h where account_id = $1 and hold_id > $2 order by hold_id limit $3"#,
        account.uuid(),
        behind,
        most,
    )
    .fetch_all(pool)
    .await
}

/// What is still to be told, to them and about them, and the events of the last days, which can be told again: each is
/// one or the other.
pub async fn find_notices(
    pool: &PgPool,
    account: AccountId,
    (channel, seq): (&str, i64),
    most: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    query_as!(
        Row,
        r#"select n.channel || '/' || n.seq as "place!", n.notice::text as "json!"
        from (
            select channel, seq, to_jsonb(m) - array['account_id', 'share'] as notice
            from outbox_message m where account_id = $1
            union all
            select 'event', seq, to_jsonb(k) - array['account_id', 'tenant_id', 'user_id']
                || jsonb_build_object('channel', 'event')
            from event_kept k where account_id = $1
        ) as n
        where (n.channel, n.seq) > ($2, $3) order by n.channel, n.seq limit $4"#,
        account.uuid(),
        channel,
        seq,
        most,
    )
    .fetch_all(pool)
    .await
}
