//! The schema's version against this core's.

use billing_telemetry::doctor::Finding;
use sqlx::PgPool;

use super::unasked;
use crate::migrate::{self, Standing};

const SUBJECT: &str = "schema";

/// All is well where this core can work with it.
pub async fn check(pool: &PgPool) -> Vec<Finding> {
    let standing = match migrate::standing(pool).await {
        Ok(standing) => standing,
        Err(error) => return unasked(SUBJECT, "its version", &error),
    };
    if let Some((wrong, to_do)) = standing.refusal() {
        return vec![Finding::mend(SUBJECT, "its version", wrong, to_do)];
    }
    let Standing::Good {
        newest,
        can_contract,
    } = standing
    else {
        return Vec::new();
    };
    let later = if can_contract {
        "; once the last older core has gone, `billing-core migrate contract` takes away what only \
         those need"
    } else {
        ""
    };
    let is_ours = migrate::MIGRATOR
        .iter()
        .any(|migration| migration.version == newest);
    let looked_at = if is_ours {
        format!("migration {newest}, as this core needs it{later}")
    } else {
        format!("migration {newest}, of a newer version, and all that this core needs{later}")
    };
    vec![Finding::ok(SUBJECT, looked_at)]
}
