//! The schema's version against this core's.

use billing_telemetry::doctor::Finding;
use sqlx::PgPool;

use crate::migrate::{self, Standing};

const SUBJECT: &str = "schema";

/// With whether this core can work with it.
pub async fn check(pool: &PgPool) -> (Vec<Finding>, bool) {
    let standing = match migrate::standing(pool).await {
        Ok(standing) => standing,
        Err(error) => return (super::unasked(SUBJECT, "its version", &error), false),
    };
    if let Some((wrong, to_do)) = standing.refusal() {
        let needed = migrate::needed().unwrap_or_default();
        let looked_at = format!("this core needs migration {needed}");
        return (vec![Finding::mend(SUBJECT, looked_at, wrong, to_do)], false);
    }
    let finding = match standing {
        Standing::Good {
            newest,
            can_contract: false,
        } => Finding::ok(
            SUBJECT,
            format!("migration {newest}, as this core needs it"),
        ),
        Standing::Good { newest, .. } => Finding::ok(
            SUBJECT,
            format!(
                "migration {newest}; once the last older core has gone, `billing-core migrate \
                 contract` takes away what only those need"
            ),
        ),
        _ => return (Vec::new(), false),
    };
    (vec![finding], true)
}
