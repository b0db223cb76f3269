//! `billing-core token`.

use std::process::ExitCode;

use clap::Args;

use crate::auth::{Role, new_token};

#[derive(Debug, Args)]
pub struct TokenOptions {
    /// What its bearer may do: tools, gateway or admin.
    #[arg(long)]
    pub role: Role,

    /// For which tenants: names joined by commas, or `*`.
    #[arg(long)]
    pub tenants: String,
}

pub fn run(options: &TokenOptions) -> anyhow::Result<ExitCode> {
    let (token, line) = new_token(options.role, &options.tenants)?;
    println!("token for the caller (shown once):  {token}");
    println!("line for BILLING_SERVICE_TOKENS:    {line}");
    Ok(ExitCode::SUCCESS)
}
