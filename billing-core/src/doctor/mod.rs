//! `billing-core doctor`: looks at everything that a core stands on, and says what to mend. It writes
//! nothing; mail leaves only where it is asked for.
//!
//! | file | looks at |
//! |---|---|
//! | `settings` | what does not go together, the certificate of gRPC |
//! | `tokens` | who is admitted |
//! | `servers` | every server of the URL, and the way to it |
//! | `schema` | its version against this core's |
//! | `role` | what the core's role may |
//! | `server` | settings of PostgreSQL, replication, the clock |
//! | `books` | what waits for an operator |
//! | `mail` | the mail server |

mod books;
mod database_tls;
mod mail;
mod queries;
mod role;
mod schema;
mod server;
mod servers;
mod settings;
mod tokens;

use std::process::ExitCode;
use std::time::Duration;

use billing_telemetry::doctor::{Finding, Verdict, report, within};
use clap::Args;
use secrecy::ExposeSecret;
use sqlx::PgPool;

use crate::config::ServeOptions;
use crate::database::{Database, Settings, told};

/// Each statement ends before its check does, so that none is left behind on the server.
const STATEMENT_TIME: &str = "4s";
const CONNECTION_WAIT: Duration = Duration::from_secs(4);
/// For the checks that run at the same time.
const CONNECTIONS: u32 = 4;

#[derive(Debug, Args)]
pub struct DoctorOptions {
    #[command(flatten)]
    pub serve: ServeOptions,

    /// Print what was found as one JSON object.
    #[arg(long)]
    pub json: bool,

    /// Send a test mail to this address.
    #[arg(long, value_name = "ADDRESS")]
    pub send_to: Option<String>,

    /// Check the books too, as `audit` does: it reads every account, and takes as long as that.
    #[arg(long)]
    pub audit: bool,
}

/// Exits with 1 where something must be mended.
pub async fn run(options: &DoctorOptions) -> ExitCode {
    let mut findings = settings::check(&options.serve);
    findings.extend(tokens::check(&options.serve));
    let (of_database, of_mail) = tokio::join!(
        of_database(options),
        mail::check(&options.serve, options.send_to.as_deref()),
    );
    findings.extend(of_database);
    findings.extend(of_mail);
    let password = password(&options.serve);
    let secrets = [
        password.as_str(),
        options.serve.mail.smtp_pass.expose_secret(),
        options.serve.unsubscribe.unsubscribe_keys.expose_secret(),
    ];
    report(&findings, options.json, &secrets)
}

async fn of_database(options: &DoctorOptions) -> Vec<Finding> {
    let database = options.serve.database_url().and_then(Database::at);
    let database = match database {
        Ok(database) => database,
        Err(error) => {
            let to_do = "name the database as postgres://user:password@host/database";
            return vec![Finding::mend(
                "database",
                "DATABASE_URL",
                format!("{error:#}"),
                to_do,
            )];
        }
    };
    let (mut findings, is_there) = servers::check(&database).await;
    if !is_there {
        return findings;
    }
    let settings = Settings::default().with([("statement_timeout", STATEMENT_TIME)]);
    let pool = database.pool(CONNECTIONS, CONNECTION_WAIT, &settings);
    let of_schema = within("schema", "its version", schema::check(&pool)).await;
    let is_current = of_schema
        .iter()
        .all(|finding| finding.verdict == Verdict::Ok);
    findings.extend(of_schema);
    let (of_role, of_server, of_replication, of_clock) = tokio::join!(
        within("role", "the core's role", role::check(&pool, is_current)),
        within(
            "server",
            "the settings of PostgreSQL",
            server::check(&pool, &options.serve.tuning)
        ),
        within("standby", "replication", server::replication(&pool)),
        within("clock", "the database's clock", server::clock(&pool)),
    );
    findings.extend([of_role, of_server, of_replication, of_clock].concat());
    if is_current {
        findings.extend(of_books(options, &database, &pool).await);
    }
    pool.close().await;
    findings
}

async fn of_books(options: &DoctorOptions, database: &Database, pool: &PgPool) -> Vec<Finding> {
    let (outbox, endpoints, payments, rates, prices, switches) = tokio::join!(
        within("outbox", "mail and events that wait", books::outbox(pool)),
        within("endpoints", "endpoints of tenants", books::endpoints(pool)),
        within("payments", "payments to review", books::payments(pool)),
        within(
            "rates",
            "the rate of the hryvnia",
            books::rates(pool, &options.serve.tuning)
        ),
        within("prices", "prices of tools", books::prices(pool)),
        within("switches", "switches", books::switches(pool)),
    );
    let mut findings = [outbox, endpoints, payments, rates, prices, switches].concat();
    if options.audit {
        findings.extend(books::audit(database).await);
    }
    findings
}

/// As it stands in the URL, and an error might repeat it.
fn password(options: &ServeOptions) -> String {
    let url = options.database_url().unwrap_or_default();
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let password = user.split_once(':').map_or("", |(_, password)| password);
    password.to_owned()
}

/// A check that could not ask.
fn unasked(subject: &'static str, asked: &str, error: &sqlx::Error) -> Vec<Finding> {
    let to_do = "mend what the error names, then run this again";
    vec![Finding::mend(subject, asked, told(error), to_do)]
}
