//! What administrators let others see of a supporter, and of what they wrote. Kept like all that administrators
//! change.

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::queries::{self, ContributionRow};
use super::retold::recount_and_tell;
use super::ulid;
use crate::admin_change::{self, Deed, Fields, NewChange, Said};
use crate::database::clock;
use crate::id::AccountId;
use crate::ledger::Opening;

/// What is asked for of a supporter; none: unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub hidden: Option<bool>,
    pub banned: Option<bool>,
}

/// How a supporter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moderated {
    /// Not on the wall.
    pub hidden: bool,
    /// No message of theirs is taken.
    pub banned: bool,
}

impl Moderated {
    fn fields(self) -> Fields {
        Fields::from([
            ("hidden", self.hidden.to_string()),
            ("banned", self.banned.to_string()),
        ])
    }
}

/// Takes a person from the wall, or no messages of theirs any more; or the other way round. May be repeated.
pub async fn supporter(
    pool: &PgPool,
    (account, name): (AccountId, &Opening),
    wanted: Wanted,
    said: Said,
) -> Result<Moderated, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    queries::insert_supporters(&mut transaction, &[(account, name, None)]).await?;
    let before = queries::lock_supporters(&mut transaction, &[account]).await?;
    let was_banned = queries::is_banned(&mut transaction, account).await?;
    let was = Moderated {
        hidden: before.iter().any(|supporter| supporter.profile.hidden),
        banned: was_banned,
    };
    let now = Moderated {
        hidden: wanted.hidden.unwrap_or(was.hidden),
        banned: wanted.banned.unwrap_or(was.banned),
    };
    let mut after = before.clone();
    for supporter in &mut after {
        supporter.profile.hidden = now.hidden;
    }
    recount_and_tell(&mut transaction, &before, after).await?;
    // Also where they are banned already: a message that waits is refused.
    queries::set_banned(&mut transaction, account, now.banned).await?;
    let deed = (Deed::Supporter, said);
    let change = NewChange::of_fields(Some(account), deed, was.fields(), now.fields());
    keep(&mut transaction, &name.tenant_id, change).await?;
    transaction.commit().await?;
    Ok(now)
}

/// Approves or refuses a message, also one that was judged before. None where the tenant has no such
/// contribution with a message. May be repeated.
pub async fn message(
    pool: &PgPool,
    tenant: &str,
    number: Uuid,
    approve: bool,
    said: Said,
) -> Result<Option<ContributionRow>, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let locked = queries::lock_message(&mut transaction, tenant, number).await?;
    let Some((account, was)) = locked else {
        return Ok(None);
    };
    let state = if approve { "approved" } else { "refused" };
    if was != state {
        let actor = said.actor.clone();
        queries::judge_message(&mut transaction, number, state, actor.as_deref()).await?;
        let before = Fields::from([("message_state", was)]);
        let after = Fields::from([
            ("message_state", state.to_owned()),
            ("contribution", ulid::of(number)),
        ]);
        let deed = (Deed::Message, said);
        let change = NewChange::of_fields(Some(account), deed, before, after);
        keep(&mut transaction, tenant, change).await?;
    }
    let judged = queries::find_contribution(&mut *transaction, tenant, number).await?;
    transaction.commit().await?;
    Ok(judged)
}

/// Behind the locks of what was changed.
async fn keep(
    conn: &mut PgConnection,
    tenant: &str,
    change: Option<NewChange>,
) -> Result<(), sqlx::Error> {
    let now = clock(&mut *conn).await?;
    admin_change::insert(conn, Some(tenant), now, change.into_iter().collect()).await
}
