//! Where a person is reached, and what he wants to be told. Kept apart from the ledger, so that it can
//! be erased.

pub mod grpc;

use sqlx::{PgExecutor, query, query_as, query_scalar};

use crate::id::AccountId;
use crate::ledger::Opening;

/// What is known, and wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub locale: String,
    pub mail_payments: bool,
    pub mail_low_balance: bool,
    pub has_email: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            locale: "en".to_owned(),
            mail_payments: true,
            mail_low_balance: true,
            has_email: false,
        }
    }
}

/// What is to be remembered; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChange {
    pub email: Option<String>,
    pub name: Option<String>,
    pub locale: Option<String>,
    pub mail_payments: Option<bool>,
    pub mail_low_balance: Option<bool>,
}

impl ContactChange {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

pub async fn find_preferences(
    executor: impl PgExecutor<'_>,
    account: AccountId,
) -> Result<Preferences, sqlx::Error> {
    let found = query_as!(
        Preferences,
        r#"select locale, mail_payments, mail_low_balance, email is not null as "has_email!"
        from contact where account_id = $1"#,
        account.uuid(),
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.unwrap_or_default())
}

pub async fn upsert_contact(
    executor: impl PgExecutor<'_>,
    account: AccountId,
    name: &Opening,
    change: &ContactChange,
) -> Result<(), sqlx::Error> {
    query!(
        "insert into contact as c (account_id, tenant_id, user_id, email, name, locale, mail_payments,
            mail_low_balance)
        values ($1, $2, $3, $4, $5, coalesce($6, 'en'), coalesce($7, true), coalesce($8, true))
        on conflict (account_id) do update set email = coalesce($4, c.email), name = coalesce($5, c.name),
            locale = coalesce($6, c.locale), mail_payments = coalesce($7, c.mail_payments),
            mail_low_balance = coalesce($8, c.mail_low_balance), updated_at = clock_timestamp()",
        account.uuid(),
        name.tenant_id,
        name.user_id,
        change.email,
        change.name,
        change.locale,
        change.mail_payments,
        change.mail_low_balance,
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
