//! How a tenant is supported: what may be set, by whomever, and setting it.

use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{LEAST_MINOR, MOST_MINOR, Sponsorship, queries, retold};
use crate::admin_change::{self, Deed, Fields, NewChange, Said};
use crate::database::clock;
use crate::field::{self, FieldError};
use crate::ledger::is_zone;
use crate::rpc::TENANT_BYTES;

/// The largest goal and threshold, as the schema has it.
const SUM_MAX: i64 = 1_000_000_000_000;
const ZONE_BYTES: usize = 64;
const WORDING_BYTES: usize = 4_000;
pub const WORDING_VERSION_BYTES: usize = 32;
const PRESETS_MAX: usize = 10;

/// It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("cannot be written")]
    Database(#[from] sqlx::Error),
}

impl Sponsorship {
    /// Whether a tenant may be supported so; names the field that may not be as it is.
    pub fn check(&self) -> Result<(), FieldError> {
        field::identifier("tenant_id", self.tenant_id.clone(), TENANT_BYTES)?;
        field::text("time_zone", self.zone.clone(), ZONE_BYTES)?;
        if !is_zone(&self.zone) {
            let problem = "must be the name of an IANA time zone, such as Europe/Kyiv";
            return Err(FieldError::new("time_zone", problem));
        }
        let version = self.wording_version.clone();
        field::text("wording_version", version, WORDING_VERSION_BYTES)?;
        field::number("goal_minor", self.goal_minor, 0, SUM_MAX)?;
        if !self.thresholds.rise() || self.thresholds.platinum > SUM_MAX {
            let problem = format!(
                "must be more than that of bronze, silver and gold, which rise from 1 on, and at most {SUM_MAX}"
            );
            return Err(FieldError::new("platinum_minor", problem));
        }
        self.check_presets()?;
        field::optional_text("wording", self.wording.clone(), WORDING_BYTES)?;
        Ok(())
    }

    /// For who reads what was changed.
    fn fields(&self) -> Fields {
        let presets = self.presets_minor.iter().map(ToString::to_string);
        let mut fields = Fields::from([
            ("goal_minor", self.goal_minor.to_string()),
            ("bronze_minor", self.thresholds.bronze.to_string()),
            ("silver_minor", self.thresholds.silver.to_string()),
            ("gold_minor", self.thresholds.gold.to_string()),
            ("platinum_minor", self.thresholds.platinum.to_string()),
            ("time_zone", self.zone.clone()),
            ("presets_minor", presets.collect::<Vec<_>>().join(" ")),
            ("shows_totals", self.shows_totals.to_string()),
            ("wording_version", self.wording_version.clone()),
        ]);
        if !self.wording.is_empty() {
            fields.insert("wording", self.wording.clone());
        }
        fields
    }

    fn check_presets(&self) -> Result<(), FieldError> {
        if self.presets_minor.is_empty() || self.presets_minor.len() > PRESETS_MAX {
            let problem = format!("must have 1 to {PRESETS_MAX} amounts");
            return Err(FieldError::new("presets_minor", problem));
        }
        for preset in &self.presets_minor {
            field::number("presets_minor", *preset, LEAST_MINOR, MOST_MINOR)?;
        }
        Ok(())
    }
}

/// How a tenant is supported, also one that was never set.
pub async fn find(executor: impl PgExecutor<'_>, tenant: &str) -> Result<Sponsorship, sqlx::Error> {
    let mut found = queries::find_sponsorships(executor, &[tenant]).await?;
    let unset = || Sponsorship::unset(tenant.to_owned());
    Ok(found.remove(tenant).unwrap_or_else(unset))
}

/// Every tenant that was ever set, or given something.
pub async fn all(pool: &PgPool) -> Result<Vec<Sponsorship>, sqlx::Error> {
    let tenants = queries::list_tenants(pool).await?;
    let names: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let mut found = queries::find_sponsorships(pool, &names).await?;
    let sponsorship = |tenant: String| {
        let known = found.remove(&tenant);
        known.unwrap_or_else(|| Sponsorship::unset(tenant))
    };
    Ok(tenants.into_iter().map(sponsorship).collect())
}

/// Changes some of it. Locks the tenant's row, so that nobody else's change of the rest is lost.
pub async fn change(
    pool: &PgPool,
    tenant: &str,
    change: impl FnOnce(&mut Sponsorship),
) -> Result<Sponsorship, ChangeError> {
    let mut new = Sponsorship::unset(tenant.to_owned());
    // Before there is a row of it.
    new.check()?;
    let mut transaction = pool.begin().await?;
    queries::lock_sponsorship(&mut transaction, tenant).await?;
    let mut found = queries::find_sponsorships(&mut *transaction, &[tenant]).await?;
    new = found.remove(tenant).unwrap_or(new);
    let before = new.clone();
    change(&mut new);
    new.check()?;
    // Whoever consented did so to words, and what is kept of them is their version.
    let others = !before.wording.is_empty() && new.wording != before.wording;
    if others && new.wording_version == before.wording_version {
        let problem = "must be another one with other words: people consented to the present ones";
        return Err(FieldError::new("wording_version", problem).into());
    }
    write(&mut transaction, &before, &new, Said::default()).await?;
    transaction.commit().await?;
    Ok(new)
}

/// Replaces all of it, and keeps who did, where something changes. May be repeated.
pub async fn set(pool: &PgPool, new: &Sponsorship, said: Said) -> Result<(), sqlx::Error> {
    let tenant = new.tenant_id.as_str();
    let mut transaction = pool.begin().await?;
    queries::lock_sponsorship(&mut transaction, tenant).await?;
    let mut found = queries::find_sponsorships(&mut *transaction, &[tenant]).await?;
    let unset = || Sponsorship::unset(tenant.to_owned());
    let before = found.remove(tenant).unwrap_or_else(unset);
    write(&mut transaction, &before, new, said).await?;
    transaction.commit().await
}

async fn write(
    conn: &mut PgConnection,
    before: &Sponsorship,
    new: &Sponsorship,
    said: Said,
) -> Result<(), sqlx::Error> {
    queries::upsert_sponsorship(&mut *conn, new).await?;
    retold::tell_of_thresholds(conn, before, new).await?;
    let deed = (Deed::Sponsorship, said);
    let change = NewChange::of_fields(None, deed, before.fields(), new.fields());
    let now = clock(&mut *conn).await?;
    let changes = change.into_iter().collect();
    admin_change::insert(conn, Some(&new.tenant_id), now, changes).await
}
