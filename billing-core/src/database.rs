//! The way to the database, what its errors say about it, and what time it is there.

mod connect;
mod settings;
mod url;

pub use connect::{ConnectError, Database, Unreached};
pub use settings::Settings;
pub(crate) use settings::is_still_primary;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use secrecy::SecretString;
use sqlx::{PgExecutor, query_scalar};

/// A URL or password from the command line, kept out of logs.
pub fn secret(text: &str) -> Result<SecretString, String> {
    if text.trim().is_empty() {
        return Err("must not be blank".to_owned());
    }
    Ok(SecretString::from(text))
}

/// The database's own clock: the one clock of all cores.
pub async fn clock(executor: impl PgExecutor<'_>) -> Result<Timestamp, sqlx::Error> {
    let now = query_scalar!(r#"select clock_timestamp() as "now!: SqlTimestamp""#)
        .fetch_one(executor)
        .await?;
    Ok(now.to_jiff())
}

/// Whether the database could not be reached, or ended the session: the statement did not run, or
/// was rolled back with its session. False where the database ran it and refused.
pub fn is_unreachable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(refused) => refused.code().is_some_and(|code| ends_session(&code)),
        // What came was not what this version reads.
        sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Encode(_)
        | sqlx::Error::RowNotFound => false,
        _ => true,
    }
}

/// Whether somebody has kept a row locked for longer than is waited.
pub fn is_blocked(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == "55P03")
}

/// Whether a statement took longer than it may, and was ended.
pub fn is_out_of_time(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == "57014")
}

/// Whether an error that answers COMMIT says that the transaction was rolled back: a constraint or a
/// conflict with another transaction, and nothing else.
pub fn is_rolled_back(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code.starts_with("23") || code.starts_with("40"))
}

/// SQLSTATEs of a server that is starting, stopping, full, or does not let us in.
fn ends_session(code: &str) -> bool {
    // Operator intervention, connection exception, insufficient resources, invalid authorization.
    ["57P", "08", "53", "28"]
        .iter()
        .any(|class| code.starts_with(class))
        // The database takes no connections; it does not exist; the session was idle too long in a
        // transaction; the server takes no writes: the primary is elsewhere.
        || ["55000", "3D000", "25P03", "25006"].contains(&code)
}

/// An error without the line of PostgreSQL's own source, which sqlx adds and which says nothing to whoever
/// reads it.
pub fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refused) => {
            format!("error returned from database: {}", refused.message())
        }
        other => other.to_string(),
    }
}

/// What an operator has to look at, where the error tells.
pub fn explained(error: &sqlx::Error) -> Option<&'static str> {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)?;
    Some(match &*code {
        "42501" => "the core's role lacks a privilege: it must be a member of billing_app",
        "42P01" | "42883" | "3F000" => {
            "not found in the schema `public`: the schema is older than this core, or lies elsewhere"
        }
        "55P03" => "somebody else keeps a table or a row locked",
        "25006" => "the server takes no writes: it is not the primary",
        "26000" | "42P05" => "a pooler gives statements of one session to several",
        "53300" => "the server has no connection left: count replicas against max_connections",
        "28P01" | "28000" => "the server does not let this role in",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_away_or_full_ran_nothing_and_a_constraint_was_refused() {
        for code in [
            "57P01", "57P03", "08006", "53300", "55000", "3D000", "25P03", "25006",
        ] {
            assert!(ends_session(code), "{code}");
        }
        for code in ["23514", "23505", "42501", "22003", "40001", "57014"] {
            assert!(!ends_session(code), "{code}");
        }
        assert!(is_unreachable(&sqlx::Error::PoolTimedOut));
        assert!(!is_unreachable(&sqlx::Error::RowNotFound));
    }
}
