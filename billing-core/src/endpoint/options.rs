//! Settings of endpoints.

use clap::Args;

use super::address::Networks;

/// How endpoints are called.
#[derive(Clone, Debug, Args)]
pub struct EndpointOptions {
    #[command(flatten)]
    pub networks: NetworkOptions,

    /// Hours for which an endpoint may take nothing at all; then it is disabled, and its owner is told by mail.
    #[arg(long, env = "BILLING_ENDPOINT_FAILING_HOURS", default_value_t = 72, value_parser = clap::value_parser!(i64).range(1..=720))]
    pub endpoint_failing_hours: i64,
}

/// Where endpoints may lie besides the public internet.
#[derive(Clone, Debug, Args)]
pub struct NetworkOptions {
    /// Networks that endpoints may lie in though they are not public, as `10.1.0.0/16,fd12::/16`; there http is
    /// allowed, too. None: endpoints are https, on public addresses.
    #[arg(
        long = "endpoint-allowed-networks",
        env = "BILLING_ENDPOINT_ALLOWED_NETWORKS",
        default_value = ""
    )]
    pub endpoint_allowed_networks: Networks,
}
