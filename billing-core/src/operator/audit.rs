//! `billing-core audit`.

use std::process::ExitCode;

use clap::Args;
use secrecy::SecretString;

use super::connect;
use crate::database::secret;
use crate::ledger::audit;

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
    let findings = audit::check(&pool).await?;
    if options.json {
        let findings: Vec<_> = findings.iter().map(audit::Finding::to_json).collect();
        println!("{}", serde_json::Value::from(findings));
    } else {
        for finding in &findings {
            println!("{finding}");
        }
        println!("{} findings", findings.len());
    }
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
