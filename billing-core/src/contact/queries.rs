//! Every statement about contacts.

use sqlx::{PgExecutor, query, query_as, query_scalar};

use super::{ContactChange, Preferences};
use crate::id::AccountId;
use crate::ledger::Opening;
use crate::unsubscribe::Subscription;

pub async fn find_preferences(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<Preferences, sqlx::Error> {
    let found = query_as!(
        Preferences,
        r#"select locale, mail_payments, mail_low_balance,
            coalesce(mail_payment_failures, mail_payments) as "mail_payment_failures!",
            email is not null as "has_email!"
        from contact where account_id = $1"#,
        account.uuid(),
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.unwrap_or_default())
}

/// Where mail about failed payments has followed the rest so far, it does no longer: it stays as it was.
pub async fn upsert_contact(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    name: &Opening,
    change: &ContactChange,
) -> Result<(), sqlx::Error> {
    if change.only_forgets() {
        return forget(executor, account).await;
    }
    let reached = change.reached.clone().unwrap_or_default();
    query!(
        "insert into contact as c (account_id, tenant_id, user_id, email, name, locale, mail_payments,
            mail_low_balance, mail_payment_failures)
        values ($1, $2, $3, $4, $5, coalesce($6, 'en'), coalesce($7, true), coalesce($8, true),
            coalesce($10, true))
        on conflict (account_id) do update set email = case when $9 then $4 else c.email end,
            name = case when $9 then $5 else c.name end,
            locale = coalesce($6, c.locale), mail_payments = coalesce($7, c.mail_payments),
            mail_low_balance = coalesce($8, c.mail_low_balance),
            mail_payment_failures = coalesce($10, c.mail_payment_failures, c.mail_payments), updated_at = clock_timestamp()",
        account.uuid(),
        name.tenant_id,
        name.user_id,
        reached.email,
        reached.name,
        change.locale,
        change.mail_payments,
        change.mail_low_balance,
        change.reached.is_some(),
        change.mail_payment_failures,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Mail that waits is read with its contact when it is sent, so that it goes nowhere then.
async fn forget(executor: impl PgExecutor<'_>, account: AccountId) -> Result<(), sqlx::Error> {
    query!(
        "update contact set email = null, name = null, updated_at = clock_timestamp()
        where account_id = $1 and (email is not null or name is not null)",
        account.uuid(),
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Takes the minute's test mail; false where it was taken. One of the future was taken by a wrong clock.
pub async fn take_test_mail(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<bool, sqlx::Error> {
    let taken = query_scalar!(
        "update contact set tested_at = clock_timestamp()
        where account_id = $1 and (tested_at is null
            or tested_at not between clock_timestamp() - interval '1 minute' and clock_timestamp())
        returning account_id",
        account.uuid(),
    )
    .fetch_optional(executor)
    .await?;
    Ok(taken.is_some())
}

/// The tenant of somebody of whom something is known.
pub async fn find_tenant(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<Option<String>, sqlx::Error> {
    query_scalar!(
        "select tenant_id from contact where account_id = $1",
        account.uuid()
    )
    .fetch_optional(executor)
    .await
}

/// Ends mail of a kind.
pub async fn end_mail(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    mail: Subscription,
) -> Result<(), sqlx::Error> {
    let Subscription::LowBalance = mail;
    query!(
        "update contact set mail_low_balance = false, updated_at = clock_timestamp()
        where account_id = $1 and mail_low_balance",
        account.uuid(),
    )
    .execute(executor)
    .await?;
    Ok(())
}
