//! The settings that a session must have, whatever server, role or pooler it comes from.
//!
//! They are set by SQL after connecting and read back: what stands in the packet that begins a
//! session, a pooler refuses, or drops in silence.

use std::borrow::Cow;

use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;

use super::connect::ConnectError;

/// When COMMIT is answered: once the transaction is on disk, and on the standbys that
/// `synchronous_standby_names` names.
const DURABLE: &str = "on";

/// Of every session. A role, a database or a server can have others, and change them at any time.
const ALWAYS: [(&str, &str); 4] = [
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read committed"),
    // Where the migrations have put everything.
    ("search_path", "public"),
    // A row that a policy hides would be money that is not seen: an error instead.
    ("row_security", "off"),
];

/// What only a superuser may set: without triggers and foreign keys nothing is booked.
const ONLY_CHECKED: [(&str, &str); 1] = [("session_replication_role", "origin")];

/// What a session is set to.
#[derive(Clone, Debug)]
pub struct Settings {
    synchronous_commit: Cow<'static, str>,
    others: Vec<(&'static str, Cow<'static, str>)>,
}

impl Default for Settings {
    fn default() -> Self {
        let always = ALWAYS.map(|(name, value)| (name, value.into()));
        Self {
            synchronous_commit: DURABLE.into(),
            others: always.to_vec(),
        }
    }
}

impl Settings {
    /// With these besides. Each value is written as `show` writes it, and of two for one name the
    /// later holds.
    #[must_use]
    pub fn with<V: Into<Cow<'static, str>>>(
        mut self,
        settings: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        for (name, value) in settings {
            self.others.retain(|(other, _)| *other != name);
            self.others.push((name, value.into()));
        }
        self
    }

    /// Acknowledges what a crash may lose.
    #[must_use]
    pub(super) fn acknowledging(mut self, synchronous_commit: &str) -> Self {
        self.synchronous_commit = synchronous_commit.to_owned().into();
        self
    }

    /// Sets the session up, where it is one with a primary.
    pub(super) async fn pin(&self, connection: &mut PgConnection) -> Result<(), ConnectError> {
        let found = look(connection).await?;
        if !found.is_primary() {
            return Err(ConnectError::NotPrimary);
        }
        // Whoever has asked for more than we do keeps it.
        let commit = match (&*self.synchronous_commit, &*found.synchronous_commit) {
            (DURABLE, more @ "remote_apply") => more,
            (pinned, _) => pinned,
        };
        let mut pinned = vec![("synchronous_commit", commit)];
        pinned.extend(self.others.iter().map(|(name, value)| (*name, &**value)));
        let (names, values) = pinned.iter().copied().unzip::<_, _, Vec<_>, Vec<_>>();
        sqlx::query("select set_config(name, value, false) from unnest($1, $2) as s (name, value)")
            .bind(&names)
            .bind(&values)
            .persistent(false)
            .execute(&mut *connection)
            .await?;
        pinned.extend(ONLY_CHECKED);
        let (names, values) = pinned.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let astray: Vec<String> = sqlx::query_scalar(
            "select name || ' = ' || current_setting(name) from unnest($1, $2) as s (name, value)
            where current_setting(name) <> value",
        )
        .bind(&names)
        .bind(&values)
        .persistent(false)
        .fetch_all(connection)
        .await?;
        if astray.is_empty() {
            Ok(())
        } else {
            Err(ConnectError::Astray(astray.join(", ")))
        }
    }
}

#[derive(sqlx::FromRow)]
struct Found {
    is_standby: bool,
    /// The server's own configuration says that nobody is to write: so an old primary is fenced. Of
    /// a role or of a database that is a slip, and pinned.
    is_fenced: bool,
    synchronous_commit: String,
}

impl Found {
    fn is_primary(&self) -> bool {
        !self.is_standby && !self.is_fenced
    }
}

/// Whether the server is still a primary, asked in a transaction of a session that was set up. The
/// session's own setting hides the server's: for this transaction, which has begun as the session says,
/// it is taken back.
pub(crate) async fn is_still_primary(transaction: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::raw_sql("set local default_transaction_read_only to default")
        .execute(&mut *transaction)
        .await?;
    Ok(look(transaction).await?.is_primary())
}

async fn look(connection: &mut PgConnection) -> Result<Found, sqlx::Error> {
    sqlx::query_as(
        "select pg_is_in_recovery() as is_standby,
            setting = 'on' and source not in ('database', 'user', 'database user') as is_fenced,
            current_setting('synchronous_commit') as synchronous_commit
        from pg_settings where name = 'default_transaction_read_only'",
    )
    .persistent(false)
    .fetch_one(connection)
    .await
}

/// Without what sqlx would send at the start of a session and poolers refuse.
pub(super) fn plain_start(server: PgConnectOptions) -> PgConnectOptions {
    server
        .application_name("billing-core")
        .extra_float_digits(None)
}
