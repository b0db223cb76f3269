//! `billing-core audit`.

use std::process::ExitCode;

use clap::Args;
use secrecy::SecretString;

use super::connect;
use crate::database::secret;
use crate::ledger::audit;
use crate::sponsorship::audit as sponsorship_audit;
use crate::usage;

#[derive(Debug, Args)]
pub struct AuditOptions {
    /// URL of the database, for a login role that is a member of `billing_app`.
    #[arg(long, env = "DATABASE_URL", value_parser = secret, hide_env_values = true)]
    pub database_url: SecretString,

    /// Print the findings as one JSON array.
    #[arg(long)]
    pub json: bool,
}

pub async fn run(options: &AuditOptions) -> anyhow::Result<ExitCode> {
    let pool = connect(&options.database_url).await?;
    let mut findings = audit::check(&pool).await?;
    findings.extend(usage::check_days(&pool).await?);
    let of_sponsorship = sponsorship_audit::check(&pool).await?;
    let number = findings.len().saturating_add(of_sponsorship.len());
    if options.json {
        let ledger = findings.iter().map(audit::Finding::to_json);
        let sponsorship = of_sponsorship
            .iter()
            .map(sponsorship_audit::Finding::to_json);
        let all: Vec<_> = ledger.chain(sponsorship).collect();
        println!("{}", serde_json::Value::from(all));
    } else {
        for finding in &findings {
            println!("{finding}");
        }
        for finding in &of_sponsorship {
            println!("{finding}");
        }
        println!("{number} findings");
    }
    Ok(if number == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
