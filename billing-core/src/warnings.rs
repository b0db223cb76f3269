//! What a core says when it starts, a line each: it works, and something is not as it should be.

mod queries;

use sqlx::PgPool;
use tracing::warn;

use crate::auth::ServiceToken;
use crate::config::ServeOptions;

/// Of the settings.
pub fn of_options(options: &ServeOptions, tokens: Option<&[ServiceToken]>) {
    if tokens.is_none() {
        warn!(
            address = %options.grpc_addr,
            "no service token is set: whoever reaches this address is an administrator"
        );
    }
    if let Some(earlier) = options.acknowledge_before_durable {
        warn!(
            synchronous_commit = earlier.name(),
            "answers leave before what they tell is safe from a crash: acknowledged money may be lost"
        );
    }
}

/// Of the server, and of the role that the core has there.
pub async fn of_database(pool: &PgPool) -> Result<(), sqlx::Error> {
    let loose = queries::loose_settings(pool).await?;
    if !loose.is_empty() {
        warn!(settings = ?loose, "the database may lose what it has committed: these settings are off");
    }
    let role = queries::own_role(pool).await?;
    if role.is_superuser {
        warn!(
            role = role.name,
            "the core's role is a superuser: no rule of the schema binds it; give it a role that is a \
             member of billing_app and nothing else"
        );
    } else if role.owns {
        warn!(
            role = role.name,
            "the core's role owns the ledger's tables and could rewrite the past: give it a role that is \
             a member of billing_app and nothing else"
        );
    }
    Ok(())
}
