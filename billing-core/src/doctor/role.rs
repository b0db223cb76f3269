//! What the core's role may on the server: what it needs, and nothing by which it could rewrite the past.

use billing_telemetry::doctor::Finding;
use sqlx::PgPool;

use super::{queries, unasked};
use crate::heartbeat;

const SUBJECT: &str = "role";
const RIGHT_ROLE: &str =
    "give the core a login role that is a member of billing_app and nothing else";

/// Of rights that it should not have.
const SHOWN_MOST: usize = 5;

pub async fn check(pool: &PgPool, has_schema: bool) -> Vec<Finding> {
    let role = match queries::role(pool).await {
        Ok(role) => role,
        Err(error) => return unasked(SUBJECT, "the core's role", &error),
    };
    if let Some(wrong) = too_much(&role) {
        return vec![Finding::mend(SUBJECT, &role.name, wrong, RIGHT_ROLE)];
    }
    if !role.is_member {
        let wrong = "it is no member of billing_app, or does not inherit from it";
        let to_do = format!(
            "as the owner: grant billing_app to {0}; alter role {0} inherit",
            role.quoted
        );
        return vec![Finding::mend(SUBJECT, &role.name, wrong, to_do)];
    }
    let mut findings = Vec::new();
    if has_schema {
        findings.extend(missing(pool, &role.name).await);
    }
    findings.extend(more(pool, &role.name).await);
    if let Some(more) = &role.attributes {
        let wrong = format!("it has more than it needs: {more}");
        findings.push(Finding::warn(SUBJECT, &role.name, wrong, RIGHT_ROLE));
    }
    if findings.is_empty() {
        let looked_at = format!("{}, a member of billing_app", role.name);
        findings.push(Finding::ok(SUBJECT, looked_at));
    }
    findings
}

fn too_much(role: &queries::Role) -> Option<String> {
    if role.is_superuser {
        return Some("a superuser, whom no rule of the schema binds".to_owned());
    }
    if role.owns {
        return Some("it owns tables of billing, and could rewrite the past".to_owned());
    }
    let more = role.rewrites.as_ref()?;
    Some(format!("it could rewrite the past: {more}"))
}

/// What it may beside `billing_app`.
async fn more(pool: &PgPool, name: &str) -> Option<Finding> {
    let more = match queries::more_rights(pool).await {
        Ok(more) if more.is_empty() => return None,
        Ok(more) => more,
        Err(error) => return unasked(SUBJECT, name, &error).pop(),
    };
    let shown: Vec<&str> = more.iter().take(SHOWN_MOST).map(String::as_str).collect();
    let others = match more.len().saturating_sub(shown.len()) {
        0 => String::new(),
        others => format!(", and {others} more"),
    };
    let wrong = format!("it may more than billing_app: {}{others}", shown.join(", "));
    Some(Finding::mend(SUBJECT, name, wrong, RIGHT_ROLE))
}

async fn missing(pool: &PgPool, name: &str) -> Option<Finding> {
    let missing = async {
        let mut connection = pool.acquire().await?;
        heartbeat::missing_privileges(&mut connection).await
    };
    match missing.await {
        Ok(None) => None,
        Ok(Some(missing)) => Some(Finding::mend(
            SUBJECT,
            name,
            format!("it lacks privileges: {missing}"),
            "grant them to billing_app again, as the migrations do",
        )),
        Err(error) => unasked(SUBJECT, name, &error).pop(),
    }
}
